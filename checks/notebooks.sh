#!/usr/bin/env bash
# Executes all notebooks with few epochs: all on JJava, the quick start also on the kernels of rapaio and BeakerX, and the
# Zeppelin note by Zeppelin's Jupyter interpreter. Needs Python 3 and access to the package registries. --prepare installs the
# Python packages and does nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
fail() { echo "checks/notebooks.sh: $1" >&2; exit 1; }

venv=target/notebooks/venv
checks/environment.sh "$venv" -r checks/notebooks/requirements.txt
# Zeppelin's Jupyter interpreter finds jupyter-client only by a name that newer versions do not have, and its generated code needs
# protobuf 3, so it has a Python environment of its own.
zeppelin=target/notebooks/zeppelin
checks/environment.sh "$zeppelin" -r checks/notebooks/zeppelin/requirements.txt
[ "${1:-}" != --prepare ] || exit 0
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

# BeakerX has no startup script; its glue is the first cell.
PATH=$PWD/$venv/bin:$PATH beakerx_kernel || fail "BeakerX's kernel is not installed in $venv"
"$venv/bin/python" checks/notebooks/run.py --first notebooks/kernels/beakerx.jshell beakerx "$work/01-quick-start.ipynb"

if ! cmp -s checks/notebooks/zeppelin/pom.xml "$zeppelin/jars/complete"; then
  mvn -q -B -f checks/notebooks/zeppelin/pom.xml dependency:copy-dependencies -DoutputDirectory="$PWD/$zeppelin/jars" ||
    fail "Maven could not download Zeppelin's interpreter"
  cp checks/notebooks/zeppelin/pom.xml "$zeppelin/jars/complete"
fi
(export PATH=$PWD/$zeppelin/bin:$PATH JJAVA_STARTUP_SCRIPTS_PATH=$notebooks/kernels/zeppelin.jshell
  run=$PWD/checks/notebooks/zeppelin/RunNote.java
  jars=$PWD/$zeppelin/jars
  cd "$work" && java -cp "$jars/*" "$run" "$notebooks/quick-start.zpln" "$OLDPWD/$zeppelin/bin/python")
