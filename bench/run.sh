#!/usr/bin/env bash
# Compares vit4j with other frameworks on this machine. Requires Linux, the requirements of ./vit4j, Python 3.11 or newer, a C++
# compiler for torch.compile, and network access for the first run.
#
#   bench/run.sh prepare      exports the networks for the peers and fills the cache of torch.compile; other load does no harm
#   bench/run.sh short        about an hour after prepare: PyTorch, torch.compile, ONNX Runtime and OpenVINO, in float32
#                             and bfloat16; writes docs/generated/performance-ISA.md for this kind of processor
#   bench/run.sh startup      time to the first prediction, a few minutes; prints a table
#   bench/run.sh pause        time of one image after a pause, a few minutes after prepare; prints a table
#   bench/run.sh              hours: all parts of docs/generated/performance.md, with plain SameDiff and DJL, then the page
#   bench/run.sh bench        one of these parts: bench, rows, growth, exported, layers, memory or page
# Further arguments are those of short.py, startup.py, pause.py or compare.py:
#   bench/run.sh short --networks deit_tiny,pit_ti     only these; keeps the results of the others
#   bench/run.sh short --resume                        only what the last run has not measured
#   bench/run.sh short --isa avx2-limited              all kernels limited to AVX2; prepare has the same option, for
#                                                      the code of torch.compile
# BENCH_WRAPPER is a command prefix of the steps of short and startup, for example taskset or nice.
# BENCH_VENV is a virtual environment with the requirements; default: target/bench-venv, which is created.
# VIT4J is the program that is measured, for example that of an unpacked distribution; default: ./vit4j
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() { echo "bench/run.sh: $1" >&2; exit "${2:-1}"; }
part=${1:-all}
more=("${@:2}")
parts="prepare short startup pause bench rows growth exported layers memory page"
case " $parts all " in
  *" $part "*) ;;
  *) die "unknown part '$part'; expected ${parts// /, }, or no argument for all" 2 ;;
esac
command -v python3 >/dev/null 2>&1 || die "'python3' is missing: install Python 3.11 or newer"
export VIT4J=${VIT4J:-./vit4j}

threads=${THREADS:-2}
out=target/bench
venv=${BENCH_VENV:-target/bench-venv}
if [ -z "${BENCH_VENV:-}" ] && [ ! "$venv/complete" -nt bench/requirements.txt ]; then
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
  "$venv/bin/python" bench/compare.py "$1" --threads "$threads" "${more[@]}"
}
prepare() { "$venv/bin/python" bench/short.py prepare --threads "$threads" "${more[@]}"; }
short() { "$venv/bin/python" bench/short.py run --threads "$threads" "${more[@]}"; }
startup() {
  [ "$VIT4J" != ./vit4j ] || bash src/main/scripts/archive.sh "$PWD/target/vit4j.jar"
  "$venv/bin/python" bench/startup.py "${more[@]}"
}
pause() { "$venv/bin/python" bench/pause.py --threads "$threads" "${more[@]}"; }
layers() { OMP_NUM_THREADS=$threads bench/kernels.sh LayerBench -wi 2 -i 3 -rf json -rff "$out/layers.json"; }
page() { "$venv/bin/python" bench/page.py; }

case $part in
  bench | layers | prepare | short | startup | pause) "$part" ;;
  rows | growth) djl; compare "$part" ;;
  exported | memory) compare "$part" ;;
  page) page ;;
  all) djl; bench; compare rows; compare growth; compare exported; layers; compare memory; page ;;
esac
