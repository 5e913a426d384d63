#!/usr/bin/env bash
# Ordinary images, folders, shards and checkpoints, made by Pillow, webdataset, datasets, timm and PyTorch, against what ./vit4j
# makes of them. Further arguments are groups: images, folders, shards, checkpoints. The packages are installed into a virtual
# environment once (--prepare does nothing else), or REAL_FILES_PYTHON names a Python that has them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=${REAL_FILES_PYTHON:-}
if [ -z "$python" ]; then
  python=target/real-files-venv/bin/python
  # The list is complete: dependencies that are not in it would be installed for nothing.
  checks/environment.sh target/real-files-venv --no-deps -r checks/real/requirements.txt
fi
[ "${1:-}" != --prepare ] || exit 0
./vit4j --version >/dev/null # builds what is missing or stale
"$python" checks/real_files.py "$@"
