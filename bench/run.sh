#!/usr/bin/env bash
# Runs all benchmarks of docs/generated/performance.md on this machine: vit4j against plain SameDiff, PyTorch, ONNX Runtime and DJL.
# Takes hours. Requires Linux, the requirements of ./vit4j, Python 3.11 or newer, and network access for the first run.
#
#   bench/run.sh              all parts, then the page
#   bench/run.sh bench        one part: bench, rows, growth, exported, layers, memory or page
# VIT4J_BENCH_ARGS is passed to compare.py: VIT4J_BENCH_ARGS="--rounds 1 --only deit_tiny" bench/run.sh rows
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() { echo "bench/run.sh: $1" >&2; exit 1; }
command -v python3 >/dev/null 2>&1 || die "'python3' is missing: install Python 3.11 or newer"
command -v mvn >/dev/null 2>&1 || die "'mvn' is missing: install Maven 3.8 or newer"

threads=${THREADS:-2}
out=target/bench
venv=target/bench-venv
if [ ! -e "$venv/complete" ]; then
  mkdir -p target
  rm -rf "$venv"
  python3 -m venv "$venv" || die "cannot create a virtual environment: install python3-venv"
  # vit-pytorch 0.20.2 has the networks of vit4j's community models; the other packages are the newest that were tested.
  "$venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 timm==1.0.31 vit-pytorch==0.20.2 \
    transformers==5.23.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.31.1 matplotlib==3.11.2 \
    || die "pip could not install the peers; the first run needs network access"
  touch "$venv/complete"
fi
mkdir -p "$out"
# Build everything before measuring.
./vit4j --version >/dev/null
[ -d target/bench-djl/lib ] || mvn -q -B -f bench/djl/pom.xml package || die "cannot build the DJL worker"

bench() {
  # Configs with small and large images, pure attention and convolutions.
  for config in digits-vit deit_tiny_patch16_224 cvt_13 vitae_tiny; do
    local batch=()
    [ "$config" = digits-vit ] || batch=(--set train.batch=8)
    OMP_NUM_THREADS=$threads ./vit4j bench "$config" "${batch[@]}" --steps "${STEPS:-20}" --json >"$out/bench-$config.json"
  done
}
compare() {
  # shellcheck disable=SC2086 # word splitting is intended
  "$venv/bin/python" bench/compare.py "$1" --threads "$threads" ${VIT4J_BENCH_ARGS:-}
}
layers() { OMP_NUM_THREADS=$threads bench/kernels.sh LayerBench -wi 2 -i 3 -rf json -rff "$out/layers.json"; }
page() { "$venv/bin/python" bench/page.py; }

case ${1:-all} in
  bench | layers) "$1" ;;
  rows | growth | exported | memory) compare "$1" ;;
  page) page ;;
  all) bench; compare rows; compare growth; compare exported; layers; compare memory; page ;;
  *) die "unknown part '$1'; expected bench, rows, growth, exported, layers, memory, page, or no argument for all" ;;
esac
