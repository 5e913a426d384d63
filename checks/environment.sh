#!/usr/bin/env bash
# Creates a virtual environment of Python for a check, unless it is there with the same packages: checks/environment.sh VENV
# ARGUMENT..., where "pip install" takes the arguments. A second process waits until the first has finished.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=$1; shift
die() { echo "checks/environment.sh: $1" >&2; exit 1; }
command -v python3 >/dev/null 2>&1 || die "'python3' is missing: install Python 3.11 or newer"

# What the environment is made of: the arguments, and the contents of those that are files.
wanted=$(python3 --version; for argument in "$@"; do echo "$argument"; [ ! -f "$argument" ] || cat "$argument"; done)
mkdir -p "$(dirname "$venv")"
if command -v flock >/dev/null 2>&1; then exec 9>"$venv.lock"; flock 9; fi
[ "$(cat "$venv/complete" 2>/dev/null)" != "$wanted" ] || exit 0
rm -rf "$venv"
python3 -m venv "$venv" 2>/dev/null || python3 -m virtualenv -q "$venv" 2>/dev/null ||
  die "python3 cannot create a virtual environment: install python3-venv (or pip install virtualenv)"
# Modules are compiled when they are imported, which few of them are.
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-compile "$@" ||
  die "pip could not install $*; the first run needs the package registry"
printf '%s\n' "$wanted" >"$venv/complete"
