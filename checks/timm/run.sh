#!/usr/bin/env bash
# Imports and exports weights of timm: the file must be unchanged, timm must load it strictly, and its logits must equal those of
# vit4j. Prints one line per network; fails if one differs. Installs PyTorch (large) into a virtual environment, unless
# TIMM_PYTHON names a Python that has torch, timm and safetensors. Arguments are timm's names of networks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

python=${TIMM_PYTHON:-}
if [ -z "$python" ]; then
  python=target/timm-venv/bin/python
  checks/environment.sh target/timm-venv torch==2.15.0 timm==1.0.31 safetensors==0.8.0 numpy==2.4.6
fi
"$python" checks/timm/check_timm.py target/timm "$@"
