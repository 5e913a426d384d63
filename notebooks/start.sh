#!/usr/bin/env bash
# Starts JupyterLab with vit4j on the class path of its Java kernels: notebooks/start.sh [beakerx] [ARGUMENTS OF jupyter lab]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
command -v jupyter >/dev/null 2>&1 || { echo "start.sh: jupyter is missing; install it with: pip install jupyterlab jjava" >&2; exit 1; }
if [ "${1:-}" = beakerx ]; then
  shift
  beakerx_kernel || { echo "start.sh: BeakerX is missing in this Python; install it with: pip install beakerx-kernel-java" >&2; exit 1; }
  echo "start.sh: choose the kernel 'Java (BeakerX)' and run this in the first cell:" >&2
  cat "$notebooks/kernels/beakerx.jshell" >&2
fi
cd "$notebooks"
exec jupyter lab "$@"
