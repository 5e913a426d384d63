#!/usr/bin/env bash
# Executes all notebooks with few epochs: all on JJava, the quick start also on rapaio's kernel, and the paragraphs of the
# Zeppelin note with the Java compiler. Needs Python 3 and access to the package registries.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
fail() { echo "checks/notebooks.sh: $1" >&2; exit 1; }

command -v python3 >/dev/null 2>&1 || fail "python3 is missing; install Python 3.9 or newer"
venv=target/notebooks/venv
if [ ! -x "$venv/bin/pip" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv" 2>/dev/null || fail "python3 cannot create a virtual environment; install python3-venv"
fi
"$venv/bin/pip" install -q --disable-pip-version-check -r checks/notebooks/requirements.txt ||
  fail "pip could not install checks/notebooks/requirements.txt"
mvn -q -B dependency:get -Dartifact=io.github.padreati:rapaio-jupyter-kernel:3.0.1 -Dtransitive=false ||
  fail "Maven could not download rapaio's kernel"

source notebooks/env.sh
export VIT4J_NOTEBOOK_FAST=1

# Copies are executed, since runs are written next to a notebook and the stored outputs must not change.
work=target/notebooks/work
rm -rf "$work" && mkdir -p "$work"
cp notebooks/*.ipynb "$work"
"$venv/bin/python" checks/notebooks/run.py java "$work"/*.ipynb
# The second kernel runs in the same folder, which also tests that existing runs are handled.
"$venv/bin/python" checks/notebooks/run.py rapaio "$work/01-quick-start.ipynb"
"$venv/bin/python" checks/notebooks/zeppelin.py target/vit4j.jar notebooks/quick-start.zpln "$work"
