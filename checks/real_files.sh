#!/usr/bin/env bash
# Ordinary images, folders, shards and checkpoints, made by Pillow, webdataset, datasets, timm and PyTorch, against what ./vit4j makes of them. Further
# arguments are groups: images, folders, shards, checkpoints. The packages are installed into a virtual environment once, or
# REAL_FILES_PYTHON names a Python that has them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() { echo "checks/real_files.sh: $1" >&2; exit 1; }
python=${REAL_FILES_PYTHON:-}
if [ -z "$python" ]; then
  command -v python3 >/dev/null 2>&1 || die "'python3' is missing: install Python 3.11 or newer"
  venv=target/real-files-venv
  python=$venv/bin/python
  if ! cmp -s checks/real/requirements.txt "$venv/complete"; then
    mkdir -p target
    rm -rf "$venv"
    python3 -m venv "$venv" 2>/dev/null || python3 -m virtualenv -q "$venv" 2>/dev/null ||
      die "no virtual environment: install python3-venv (or pip install virtualenv)"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r checks/real/requirements.txt ||
      die "pip could not install checks/real/requirements.txt; it needs the package registry the first time"
    cp checks/real/requirements.txt "$venv/complete"
  fi
fi
./vit4j --version >/dev/null # builds what is missing or stale
"$python" checks/real_files.py "$@"
