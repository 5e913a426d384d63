#!/usr/bin/env bash
# Checks exported ONNX files with onnx.checker and ONNX Runtime. Prints one line per model; fails if one differs. ONNX_VERSION
# and ONNXRUNTIME_VERSION select other versions than the pinned ones. If target/onnx has no files, the exporting tests write
# them first, from the golden cases in GOLDENS if that is set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

die() { echo "checks/onnx/run.sh: $1" >&2; exit 1; }
command -v python3 >/dev/null 2>&1 || die "'python3' is missing: install Python 3.11 or newer"

onnx=${ONNX_VERSION:-1.23.2}
runtime=${ONNXRUNTIME_VERSION:-1.32.0}
venv=target/onnx-venv-$onnx-$runtime
if [ ! -e "$venv/complete" ]; then
  mkdir -p target
  rm -rf "$venv"
  python3 -m venv "$venv" || die "python3 cannot create a virtual environment: install python3-venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "onnx==$onnx" "onnxruntime==$runtime" numpy==2.4.6 \
    || die "pip could not install onnx $onnx and onnxruntime $runtime; the first run needs the network"
  touch "$venv/complete"
fi

if ! compgen -G 'target/onnx/*.onnx' >/dev/null; then
  mvn -B -ntp -q -Djacoco.skip test -Dtest='OnnxGoldenTest' "-Dgoldens=${GOLDENS:-}"
fi
"$venv/bin/python" checks/onnx/check_onnx.py target/onnx
