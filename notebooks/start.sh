#!/usr/bin/env bash
# Starts JupyterLab with vit4j on the class path of its Java kernels: notebooks/start.sh [ARGUMENTS OF jupyter lab]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
command -v jupyter >/dev/null 2>&1 || { echo "start.sh: jupyter is missing; install it with: pip install jupyterlab jjava" >&2; exit 1; }
cd "$notebooks"
exec jupyter lab "$@"
