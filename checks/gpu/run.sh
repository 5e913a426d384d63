#!/usr/bin/env bash
# Checks the libtorch backend on an NVIDIA GPU in less than ten minutes: golden cases, exact repeats, memory over 500 steps,
# several processes, and speed next to PyTorch. Writes results.json and table.md; see docs/cuda.md.
#
#   checks/gpu/run.sh                            on cuda:0
#   checks/gpu/run.sh --quick                    fewer rounds, without TF32
#   checks/gpu/run.sh --device cpu --quick       tiny sizes on the CPU: checks this script
#   checks/gpu/run.sh --networks vit_base        times some of the networks only
#   checks/gpu/run.sh --batch 16                 of the timed networks, for a GPU with less than 24 GB (default 64)
#
# Needs a JDK 17, Maven, Python 3 and a driver, network access to Maven Central, and either
#   - pip's torch 2.10 in the Python of PYTHON (default: python3), whose libraries are then used, or
#   - nothing more: the natives with CUDA are downloaded (0.46 GB); CUDA 13, cuDNN 9 and NCCL must be installed.
# PyTorch is measured too if that Python has torch and timm (transformers for cvt_13).
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() { echo "checks/gpu/run.sh: $1" >&2; exit 1; }

device=cuda:0 out=target/gpu libtorch=${VIT4J_LIBTORCH:-} python=${PYTHON:-python3} quick=() further=()
while [ $# -gt 0 ]; do
  case $1 in
    --device) device=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --libtorch) libtorch=$2; shift 2 ;;
    --networks | --batch) further+=("$1" "$2"); shift 2 ;;
    --quick) quick=(--quick); shift ;;
    *)
      echo "usage: checks/gpu/run.sh [--device cuda:N|cpu] [--quick] [--networks A,B] [--batch N] [--out DIR]" \
        "[--libtorch DIR]" >&2
      exit 2
      ;;
  esac
done
mkdir -p "$out"
seconds=$SECONDS
step() { echo "== $1 ($((SECONDS - seconds)) s)"; }

# What is missing is said here, before anything is downloaded or built.
javac=${JAVA_HOME:+$JAVA_HOME/bin/}javac
command -v "$javac" >/dev/null || fail "no javac found; install a JDK, 17 or newer, or set JAVA_HOME (a JRE is not enough)"
command -v mvn >/dev/null || fail "no Maven found; install Maven 3.8 or newer"
command -v "$python" >/dev/null || fail "$python not found; install Python 3, or set PYTHON"
rm -f "$out/card.txt" "$out/results.json" "$out/table.md"
if [ "$device" != cpu ]; then
  command -v nvidia-smi >/dev/null || fail "no nvidia-smi: no NVIDIA driver is installed"
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader >"$out/card.txt" 2>&1 ||
    fail "nvidia-smi fails: $(head -n 1 "$out/card.txt")"
  cat "$out/card.txt"
  if [ -z "$libtorch" ]; then # pip's libraries, if they have CUDA and the version that the JNI library was made for
    libtorch=$("$python" -c 'import os, torch
if torch.__version__.startswith("2.10.") and torch.version.cuda: print(os.path.join(os.path.dirname(torch.__file__), "lib"))' \
      2>/dev/null || true)
    [ -n "$libtorch" ] || echo "$python has no torch 2.10 with CUDA: the natives with CUDA are used, which need CUDA 13, cuDNN 9" \
      "and NCCL; for pip's instead: pip install torch==2.10.0"
  fi
fi
[ -z "$libtorch" ] || [ -f "$libtorch/libtorch_cpu.so" ] || fail "$libtorch has no libtorch_cpu.so"
"$python" -c 'import torch, timm' 2>/dev/null ||
  echo "$python has no torch and timm: PyTorch is not measured; pip install timm transformers"
export VIT4J_PROFILES=torch
jvm=()
if [ -n "$libtorch" ]; then
  export VIT4J_LIBTORCH=$libtorch
  jvm=("-Dtest.jvm=-Xmx3g -Dorg.bytedeco.javacpp.maxbytes=8g -Dorg.bytedeco.javacpp.maxphysicalbytes=14g \
-Dorg.bytedeco.javacpp.pathsFirst=true -Djava.library.path=$libtorch \
-Dorg.bytedeco.javacpp.cachedir=$PWD/$out/natives") # not that of other processes: libraries in it are replaced
elif [ "$device" != cpu ]; then
  VIT4J_PROFILES=torch,torch-cuda
fi
echo "libtorch: ${libtorch:-of the jar}, profiles $VIT4J_PROFILES"
export CUBLAS_WORKSPACE_CONFIG=:4096:8 OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE

step "build"
./vit4j --version | tee "$out/version.txt"

# The backend is checked before the file, so a device that cannot be used is one line here.
answer=$(./vit4j predict missing.keras . --backend torch --device "$device" 2>&1 || true)
case $answer in *"is not available"*) fail "${answer#vit4j: }" ;; esac

step "golden cases"
# On a GPU all of them; on the CPU, where this script itself is checked, a few.
cases='*'
[ "$device" != cpu ] || cases=${CASES:-'vit_s_*'}
# The log stays in a file.
mvn -q -B "-P$VIT4J_PROFILES" -Djacoco.skip -Dtest=GoldenTest -Dengine=torch "-Ddevice=$device" "-Dcases=$cases" \
  ${jvm[@]+"${jvm[@]}"} test >"$out/goldens.txt" 2>&1 ||
  { tail -n 30 "$out/goldens.txt" >&2; fail "golden cases fail, or the tests cannot run; all of it is in $out/goldens.txt"; }
# Surefire prints the result, or writes it to a file of the test.
passed=$(cat target/torch*/surefire-reports/*GoldenTest-output.txt "$out/goldens.txt" 2>/dev/null |
  grep -E '^[0-9]+ cases' | tail -n 1 || true)
[ -n "$passed" ] || fail "the golden cases left no result; see $out/goldens.txt"
echo "$passed"

step "repeats, memory, processes and speed"
"$python" checks/gpu/check.py --device "$device" --out "$out" --python "$python" ${quick[@]+"${quick[@]}"} \
  ${further[@]+"${further[@]}"}
step "done"
