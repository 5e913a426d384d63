#!/usr/bin/env bash
# Opens the notebooks in Jupyter, with vit4j on the class path of its Java kernels: notebooks/start.sh [of jupyter lab]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
command -v jupyter >/dev/null 2>&1 || { echo "start.sh: no Jupyter found; pip install jupyterlab jjava" >&2; exit 1; }
cd "$notebooks"
exec jupyter lab "$@"
