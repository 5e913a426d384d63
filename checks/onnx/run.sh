#!/usr/bin/env bash
# Checks exported ONNX files with onnx.checker and ONNX Runtime. Prints one line per model; fails if one differs. ONNX_VERSION
# and ONNXRUNTIME_VERSION select other versions than the pinned ones. If target/onnx has no files, the exporting tests write
# them first, from the golden cases in GOLDENS if that is set. --prepare installs the Python packages and does nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

onnx=${ONNX_VERSION:-1.23.2}
runtime=${ONNXRUNTIME_VERSION:-1.32.0}
venv=target/onnx-venv-$onnx-$runtime
checks/environment.sh "$venv" "onnx==$onnx" "onnxruntime==$runtime" numpy==2.4.6
[ "${1:-}" != --prepare ] || exit 0

if ! compgen -G 'target/onnx/*.onnx' >/dev/null; then
  mvn -B -ntp -q -Djacoco.skip test -Dtest='OnnxGoldenTest' "-Dgoldens=${GOLDENS:-}"
fi
"$venv/bin/python" checks/onnx/check_onnx.py target/onnx
