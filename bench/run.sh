#!/usr/bin/env bash
# Compares vit4j with other frameworks on this machine. Requires Linux, the requirements of ./vit4j, Python 3.11 or newer, a C++
# compiler for torch.compile, and network access for the first run.
#
#   bench/run.sh short        about half an hour: PyTorch, torch.compile, ONNX Runtime and OpenVINO, in float32 and bfloat16;
#                             writes docs/generated/performance-ISA.md for this kind of processor
#   bench/run.sh startup      time to the first prediction, a few minutes; prints a table
#   bench/run.sh              hours: all parts of docs/generated/performance.md, with plain SameDiff and DJL, then the page
#   bench/run.sh bench        one of these parts: bench, rows, growth, exported, layers, memory or page
# VIT4J_BENCH_ARGS is passed to compare.py and short.py: VIT4J_BENCH_ARGS="--only deit_tiny --rounds 1" bench/run.sh short
# BENCH_WRAPPER is a command prefix of the steps of short and startup, for example taskset or nice.
# VIT4J is the program that is measured, for example that of an unpacked distribution; default: ./vit4j
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() { echo "bench/run.sh: $1" >&2; exit 1; }
command -v python3 >/dev/null 2>&1 || die "'python3' is missing: install Python 3.11 or newer"
export VIT4J=${VIT4J:-./vit4j}

threads=${THREADS:-2}
out=target/bench
venv=target/bench-venv
if [ ! "$venv/complete" -nt bench/requirements.txt ]; then
  mkdir -p target
  rm -rf "$venv"
  python3 -m venv "$venv" || die "cannot create a virtual environment: install python3-venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r bench/requirements.txt \
    || die "pip could not install the peers; the first run needs network access"
  touch "$venv/complete"
fi
mkdir -p "$out"
# Build everything before measuring.
"$VIT4J" --version >/dev/null
djl() {
  [ -d target/bench-djl/lib ] && return
  command -v mvn >/dev/null 2>&1 || die "'mvn' is missing: install Maven 3.8 or newer"
  mvn -q -B -f bench/djl/pom.xml package || die "cannot build the DJL worker"
}

bench() {
  # Configs with small and large images, pure attention and convolutions.
  for config in digits-vit deit_tiny_patch16_224 cvt_13 vitae_tiny; do
    local batch=()
    [ "$config" = digits-vit ] || batch=(--set train.batch=8)
    OMP_NUM_THREADS=$threads "$VIT4J" bench "$config" "${batch[@]}" --steps "${STEPS:-20}" --json >"$out/bench-$config.json"
  done
}
compare() {
  # shellcheck disable=SC2086 # word splitting is intended
  "$venv/bin/python" bench/compare.py "$1" --threads "$threads" ${VIT4J_BENCH_ARGS:-}
}
short() {
  # shellcheck disable=SC2086
  "$venv/bin/python" bench/short.py run --threads "$threads" ${VIT4J_BENCH_ARGS:-}
}
startup() {
  [ "$VIT4J" != ./vit4j ] || bash src/main/scripts/archive.sh "$PWD/target/vit4j.jar"
  "$venv/bin/python" bench/startup.py
}
layers() { OMP_NUM_THREADS=$threads bench/kernels.sh LayerBench -wi 2 -i 3 -rf json -rff "$out/layers.json"; }
page() { "$venv/bin/python" bench/page.py; }

case ${1:-all} in
  bench | layers | short | startup) "$1" ;;
  rows | growth) djl; compare "$1" ;;
  exported | memory) compare "$1" ;;
  page) page ;;
  all) djl; bench; compare rows; compare growth; compare exported; layers; compare memory; page ;;
  *) die "unknown part '$1'; expected short, startup, bench, rows, growth, exported, layers, memory, page, or no argument for all" ;;
esac
