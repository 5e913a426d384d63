#!/usr/bin/env bash
# Imports and exports weights of timm: the file must be unchanged, timm must load it strictly, and its logits must equal those of
# vit4j. Prints one line per network; fails if one differs. Installs PyTorch (large) into a virtual environment, unless
# TIMM_PYTHON names a Python that has torch, timm and safetensors. Arguments are timm's names of networks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

die() { echo "checks/timm/run.sh: $1" >&2; exit 1; }
python=${TIMM_PYTHON:-}
if [ -z "$python" ]; then
  command -v python3 >/dev/null 2>&1 || die "'python3' is missing: install Python 3.11 or newer"
  venv=target/timm-venv
  python=$venv/bin/python
  if [ ! -e "$venv/complete" ]; then
    mkdir -p target
    rm -rf "$venv"
    python3 -m venv "$venv" 2>/dev/null || python3 -m virtualenv -q "$venv" 2>/dev/null \
      || die "python3 cannot create a virtual environment: install python3-venv (or pip install virtualenv)"
    "$venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 timm==1.0.31 safetensors==0.8.0 numpy==2.4.6 \
      || die "pip could not install torch and timm; the first run needs the network"
    touch "$venv/complete"
  fi
fi
"$python" checks/timm/check_timm.py target/timm "$@"
