#!/usr/bin/env bash
# Checks the libtorch backend on an NVIDIA GPU in less than ten minutes: golden cases, exact repeats, memory over 500 steps,
# several processes, and speed next to PyTorch. Writes results.json and table.md; see docs/cuda.md.
#
#   checks/gpu/run.sh                     on cuda:0
#   checks/gpu/run.sh --device cpu        tiny sizes on the CPU: checks this script
#
# Needs a JDK, Maven and a driver, and either
#   - pip's torch 2.10 in the Python of PYTHON (default: python3), whose libraries are then used, or
#   - nothing more: the natives with CUDA are downloaded (0.46 GB); CUDA 13, cuDNN 9 and NCCL must be installed.
# PyTorch is measured too if that Python has torch and timm (transformers for cvt_13).
set -euo pipefail
cd "$(dirname "$0")/../.."

device=cuda:0 out=target/gpu libtorch=${VIT4J_LIBTORCH:-} python=${PYTHON:-python3}
while [ $# -gt 0 ]; do
  case $1 in
    --device) device=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --libtorch) libtorch=$2; shift 2 ;;
    *) echo "usage: checks/gpu/run.sh [--device cuda:N|cpu] [--out DIR] [--libtorch DIR]" >&2; exit 2 ;;
  esac
done
mkdir -p "$out"
seconds=$SECONDS
step() { echo "== $1 ($((SECONDS - seconds)) s)"; }

if [ "$device" != cpu ]; then
  command -v nvidia-smi >/dev/null || { echo "no nvidia-smi: no NVIDIA driver is installed" >&2; exit 1; }
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | tee "$out/card.txt"
  if [ -z "$libtorch" ]; then # pip's libraries, if they have CUDA and the version that the JNI library was made for
    libtorch=$("$python" -c 'import os, torch
if torch.__version__.startswith("2.10.") and torch.version.cuda: print(os.path.join(os.path.dirname(torch.__file__), "lib"))' \
      2>/dev/null || true)
  fi
fi
export VIT4J_PROFILES=torch
jvm=()
if [ -n "$libtorch" ]; then
  export VIT4J_LIBTORCH=$libtorch
  jvm=("-Dtest.jvm=-Xmx3g -Dorg.bytedeco.javacpp.maxbytes=8g -Dorg.bytedeco.javacpp.maxphysicalbytes=14g \
-Dorg.bytedeco.javacpp.pathsFirst=true -Djava.library.path=$libtorch")
elif [ "$device" != cpu ]; then
  VIT4J_PROFILES=torch,torch-cuda
fi
echo "libtorch: ${libtorch:-of the jar}, profiles $VIT4J_PROFILES"
export CUBLAS_WORKSPACE_CONFIG=:4096:8 OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE

step "build"
./vit4j --version | tee "$out/version.txt"

step "golden cases"
# On a GPU all of them; on the CPU, where this script itself is checked, a few.
cases='*'
[ "$device" != cpu ] || cases=${CASES:-'vit*'}
# The log stays in a file; the result is in the report of the test.
mvn -q -B "-P$VIT4J_PROFILES" -Djacoco.skip -Dtest=GoldenTest -Dengine=torch "-Ddevice=$device" "-Dcases=$cases" \
  ${jvm[@]+"${jvm[@]}"} test >"$out/goldens.txt" 2>&1 || { tail -n 30 "$out/goldens.txt" >&2; exit 1; }
tail -n 3 "$out/goldens.txt"

step "repeats, memory, processes and speed"
"$python" checks/gpu/check.py --device "$device" --out "$out" --python "$python"
step "done"
