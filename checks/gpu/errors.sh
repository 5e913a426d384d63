#!/usr/bin/env bash
# Shows that each reason why libtorch cannot use a GPU is one line and exit code 2, on a machine without a GPU. Prints the lines.
#
#   checks/gpu/errors.sh [LIBTORCH]       torch/lib of pip's torch 2.10 with CUDA; without it, its cases are not checked
#
# Drivers are imitated by libcuda.c, which CUDA's own runtime loads. Needs a C compiler for that, a JDK and Maven. The build with
# CUDA (target/torch-cuda, 0.46 GB to download) is checked if it is there: VIT4J_PROFILES=torch,torch-cuda ./vit4j --version.
set -euo pipefail
cd "$(dirname "$0")/../.."
libtorch=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 unset_libtorch=(-u VIT4J_LIBTORCH -u VIT4J_PROFILES -u CUDA_VISIBLE_DEVICES)

# expect TEXT COMMAND...: one line on both streams that contains the text, and exit code 2
expect() {
  local text=$1 code=0 lines
  shift
  env "${unset_libtorch[@]}" "$@" >"$work/output" 2>&1 || code=$?
  lines=$(wc -l <"$work/output")
  if [ "$code" = 2 ] && [ "$lines" = 1 ] && grep -qF -- "$text" "$work/output"; then echo "ok: $(cat "$work/output")"
  else
    failures=$((failures + 1))
    echo "FAILED: exit code $code, $lines lines, expected 2, 1 and '$text':"
    cat "$work/output"
  fi
}

[ ! -e /proc/driver/nvidia/version ] || { echo "checks/gpu/errors.sh: this machine has an NVIDIA driver" >&2; exit 1; }
[ -z "$libtorch" ] || [ -f "$libtorch/libtorch_cuda.so" ] || { echo "checks/gpu/errors.sh: $libtorch has no libtorch_cuda.so" >&2; exit 1; }
VIT4J_PROFILES=torch ./vit4j --version
[ -f target/vit4j.jar ] || ./vit4j --version
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
gpu=(predict missing.keras . --device cuda:0)

expect "this build has no libtorch; build one with 'mvn -Ptorch,torch-cuda" "$java" -jar target/vit4j.jar "${gpu[@]}"
expect "this build has no libtorch; build one with 'mvn -Ptorch " "$java" -jar target/vit4j.jar predict missing.keras . --backend torch
expect "this build's libtorch has no CUDA; build one with" VIT4J_PROFILES=torch ./vit4j "${gpu[@]}"

if [ -n "$libtorch" ]; then
  "${CC:-cc}" -shared -fPIC -o "$work/libcuda.so.1" -Wl,-soname,libcuda.so.1 checks/gpu/libcuda.c
  pip=(VIT4J_PROFILES=torch "VIT4J_LIBTORCH=$libtorch") driver="LD_LIBRARY_PATH=$work"
  expect "no NVIDIA driver is loaded" "${pip[@]}" ./vit4j "${gpu[@]}"
  expect "CUDA_VISIBLE_DEVICES=-1 hides all GPUs" "${pip[@]}" CUDA_VISIBLE_DEVICES=-1 ./vit4j "${gpu[@]}"
  expect "for CUDA 11.4 is too old for libtorch's CUDA 12" "${pip[@]}" "$driver" CUDA_VERSION=11040 ./vit4j "${gpu[@]}"
  expect "although the NVIDIA driver is loaded" "${pip[@]}" "$driver" CUDA_VERSION=12080 CUDA_INIT=100 ./vit4j "${gpu[@]}"
  expect "libtorch sees no GPU: CUDA unknown error" "${pip[@]}" "$driver" CUDA_VERSION=12080 CUDA_INIT=999 ./vit4j "${gpu[@]}"
  train=(train digits-vit --run "$work/run" --set train.device=cuda:0)
  expect "for CUDA 11.4 is too old" "${pip[@]}" "$driver" CUDA_VERSION=11040 ./vit4j "${train[@]}"
else
  echo "not checked: drivers, which need pip's libtorch"
fi

if [ -f target/torch-cuda/vit4j.jar ]; then
  cuda=("$java" -cp "target/torch-cuda/vit4j.jar:target/torch-cuda/lib/*")
  expect "is missing, which libtorch needs; install CUDA 13" "${cuda[@]}" org.vit4j.Main "${gpu[@]}"
  cuda[2]+=":$(ls target/torch/lib/pytorch-*-linux-x86_64.jar)"
  expect "native jars for the CPU and for GPUs are both on the class path" "${cuda[@]}" org.vit4j.Main "${gpu[@]}"
else
  echo "not checked: two native jars and a missing library, which need target/torch-cuda"
fi
[ "$failures" = 0 ] || { echo "$failures failed" >&2; exit 1; }
