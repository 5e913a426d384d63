#!/usr/bin/env bash
# Checks the libtorch backend on an NVIDIA GPU: golden cases, exact repeats, memory growth, several processes, and speed next to
# PyTorch. Ends after ten minutes, not counting the build. Prints what passed, failed and was not checked; ends with 1 if
# anything failed. Results are saved after each step. See docs/cuda.md.
#
#   checks/gpu/run.sh                            on cuda:0
#   checks/gpu/run.sh --quick                    memory growth over 100 steps instead of 500, one round of timings, without TF32
#   checks/gpu/run.sh --device cpu --quick       tiny sizes on the CPU: checks this script
#   checks/gpu/run.sh --networks vit_base        times some of the networks only
#   checks/gpu/run.sh --batch 16                 of the timed networks (default 64; halved by itself if memory is exhausted)
#   checks/gpu/run.sh --minutes 20               for a slow machine (default 10, without the build)
#
# Needs a JDK 17 or newer, Maven, Python 3.8 or newer and a driver, network access to Maven Central, 4 GB of disk, and either
#   - pip's torch 2.10 in the Python of PYTHON (default: python3), whose libraries are then used, or
#   - nothing more: the natives with CUDA are downloaded (0.46 GB); CUDA 13, cuDNN 9 and NCCL must be installed.
# PyTorch is measured too if that Python has torch and timm (transformers for cvt_13).
set -euo pipefail

fail() { echo "checks/gpu/run.sh: $1" >&2; exit 1; }
usage() {
  echo "checks/gpu/run.sh: $1; usage: checks/gpu/run.sh [--device cuda:N|cpu] [--quick] [--networks A,B] [--batch N]" \
    "[--minutes N] [--out DIR] [--libtorch DIR]" >&2
  exit 2
}
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }

device=cuda:0 out= libtorch=${VIT4J_LIBTORCH:-} python=${PYTHON:-python3} further=()
while [ $# -gt 0 ]; do
  case $1 in
    --quick) further+=(--quick); shift; continue ;;
    --device | --out | --libtorch | --networks | --batch | --minutes) [ $# -gt 1 ] || usage "$1 needs a value" ;;
    *) usage "unknown option '$1'" ;;
  esac
  case $1 in
    --device) device=$2 ;;
    --out) out=$(absolute "$2") ;;
    --libtorch) libtorch=$(absolute "$2") ;;
    *) further+=("$1" "$2") ;;
  esac
  shift 2
done
[[ $device = cpu || $device =~ ^cuda:[0-9]+$ ]] || usage "--device must be cuda:N or cpu, is '$device'"
cd "$(dirname "$0")/../.."
out=${out:-$PWD/target/gpu/$(date +%Y-%m-%dT%H-%M-%S)} # one directory per run: nothing is overwritten

# What is missing is said here, before anything is downloaded or built.
javac=${JAVA_HOME:+$JAVA_HOME/bin/}javac
command -v "$javac" >/dev/null || fail "no javac found; install a JDK, 17 or newer, or set JAVA_HOME (a JRE is not enough)"
major=$("$javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
[ "${major:-0}" -ge 17 ] || fail "$javac is of Java ${major:-?}; install a JDK, 17 or newer, or set JAVA_HOME"
command -v mvn >/dev/null || fail "no Maven found; install Maven 3.8 or newer"
command -v "$python" >/dev/null || fail "$python not found; install Python 3.8 or newer, or set PYTHON"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' || fail "$python is too old; install Python 3.8 or newer, or set PYTHON"
"$python" checks/gpu/check.py --validate --device "$device" --out "$out" ${further[@]+"${further[@]}"} || exit 2
mkdir -p "$out" 2>/dev/null || fail "$out cannot be written"
free=$(df -Pk . | awk 'NR == 2 {print int($4 / 1000000)}')
[ "${free:-4}" -ge 4 ] || fail "$PWD has $free GB of free disk; the build and the results need 4 GB"
export CUDA_DEVICE_ORDER=PCI_BUS_ID # the numbers of nvidia-smi
if [ "$device" != cpu ]; then
  if command -v nvidia-smi >/dev/null; then
    # Some failures go to standard output.
    listed=$(timeout 60 nvidia-smi --query-gpu=index,name,driver_version,memory.total --format=csv,noheader 2>&1) ||
      fail "nvidia-smi fails: ${listed%%$'\n'*}"
    echo "$listed"
  elif [ -r /proc/driver/nvidia/version ]; then
    echo "no nvidia-smi: GPU memory is not measured"
  else
    fail "no nvidia-smi: no NVIDIA driver is installed"
  fi
  if [ -z "$libtorch" ]; then # pip's libraries, if they have CUDA and the version that the JNI library was made for
    libtorch=$("$python" -c 'import os, torch
if torch.__version__.startswith("2.10.") and torch.version.cuda: print(os.path.join(os.path.dirname(torch.__file__), "lib"))' \
      2>/dev/null || true)
    [ -n "$libtorch" ] || echo "$python has no torch 2.10 with CUDA: the natives with CUDA are used, which need CUDA 13, cuDNN 9" \
      "and NCCL; for pip's instead: pip install torch==2.10.0"
  fi
fi
[ -z "$libtorch" ] || [ -f "$libtorch/libtorch_cpu.so" ] || fail "$libtorch has no libtorch_cpu.so"
export VIT4J_PROFILES=torch
if [ -n "$libtorch" ]; then export VIT4J_LIBTORCH=$libtorch
elif [ "$device" != cpu ]; then VIT4J_PROFILES=torch,torch-cuda
fi
echo "libtorch: ${libtorch:-of the jar}, profiles $VIT4J_PROFILES"
export CUBLAS_WORKSPACE_CONFIG=:4096:8 OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE PYTHON=$python
[ "$device" != cpu ] || export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} # of both sides

vit4j=${VIT4J:-./vit4j}
echo "== build (the first time with downloads of up to 1 GB; log: target/torch*/launcher.log)"
$vit4j --version >"$out/version.txt" || fail "the build failed; see above"

# The backend is checked before the file, so a device that cannot be used is one line here.
answer=$($vit4j predict missing.keras . --backend torch --device "$device" 2>&1 || true)
case $answer in
  *missing.keras*) ;;
  *"is missing, which libtorch needs"*) fail "${answer#vit4j: }; or use pip's libraries: pip install torch==2.10.0" ;;
  *"is not available"*) fail "${answer#vit4j: }" ;;
  *) fail "vit4j cannot use $device: $answer" ;;
esac
exec "$python" checks/gpu/check.py --device "$device" --out "$out" ${further[@]+"${further[@]}"}
