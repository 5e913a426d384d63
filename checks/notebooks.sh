#!/usr/bin/env bash
# Every notebook from top to bottom, headless, on few epochs: all on JJava, the quick start on rapaio's kernel too, and the
# paragraphs of the Zeppelin note through the Java compiler. Needs Python 3 and the package registries.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
fail() { echo "checks/notebooks.sh: $1" >&2; exit 1; }

command -v python3 >/dev/null 2>&1 || fail "python3 is missing; install Python 3.9 or newer"
venv=target/notebooks/venv
if [ ! -x "$venv/bin/pip" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv" 2>/dev/null || fail "python3 cannot make a virtual environment; install python3-venv"
fi
"$venv/bin/pip" install -q --disable-pip-version-check -r checks/notebooks/requirements.txt ||
  fail "pip could not install checks/notebooks/requirements.txt"
mvn -q -B dependency:get -Dartifact=io.github.padreati:rapaio-jupyter-kernel:3.0.1 -Dtransitive=false ||
  fail "Maven could not fetch rapaio's kernel"

source notebooks/env.sh
export VIT4J_NOTEBOOK_FAST=1

# On copies: runs are written beside a notebook, and the outputs that are kept stay.
work=target/notebooks/work
rm -rf "$work" && mkdir -p "$work"
cp notebooks/*.ipynb "$work"
"$venv/bin/python" checks/notebooks/run.py java "$work"/*.ipynb
# Once more, on the other kernel and over the runs of before: what is there must not be in the way.
"$venv/bin/python" checks/notebooks/run.py rapaio "$work/01-quick-start.ipynb"
"$venv/bin/python" checks/notebooks/zeppelin.py target/vit4j.jar notebooks/quick-start.zpln "$work"
