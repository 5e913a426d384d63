#!/usr/bin/env bash
# What others make of our files: every architecture's .keras in stock Keras 3 and back again, ONNX in ONNX Runtime, and with
# INTEROP_TORCH=1 safetensors in timm. One line a network; an error if a peer disagrees. --write puts the table into
# docs/interop.md; --all takes every golden network, trains each in Keras and adds the oldest Keras that is supported. The
# files come from the golden tests (target/keras, target/onnx), which run first if they have not. KERAS_VERSION chooses another
# Keras, GOLDENS other cases.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

newest=${KERAS_VERSION:-3.15.1}
oldest=3.6.0
all=false
write=false
for option in "$@"; do
  case $option in
    --all) all=true ;;
    --write) write=true ;;
    *) echo "checks/interop.sh: unknown option '$option'; there are --all and --write" >&2; exit 1 ;;
  esac
done

die() { echo "checks/interop.sh: $1" >&2; exit 1; }
command -v python3 >/dev/null 2>&1 || die "'python3' is missing: install Python 3.11 or newer"
command -v java >/dev/null 2>&1 || die "'java' is missing: install a JDK 17 or newer"
command -v mvn >/dev/null 2>&1 || die "'mvn' is missing: install Maven 3.8 or newer"

# A virtual environment with these packages, made once.
environment() {
  local venv=$1; shift
  [ -e "$venv/complete" ] && return
  rm -rf "$venv"
  python3 -m venv "$venv" 2>/dev/null || python3 -m virtualenv -q "$venv" 2>/dev/null \
    || die "no virtual environment: install python3-venv (or pip install virtualenv)"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "$@" \
    || die "pip could not install $*; it needs the package registry the first time"
  touch "$venv/complete"
}

goldens=${GOLDENS:-src/test/resources/goldens}
if ! compgen -G 'target/keras/*.double.npy' >/dev/null || [ ! -d target/test-classes ]; then
  mvn -B -ntp -q -Djacoco.skip test -Dtest='Keras*Test' "-Dgoldens=$goldens"
fi
mkdir -p target/interop
classes=target/interop/classpath
[ -s "$classes" ] || mvn -B -ntp -q dependency:build-classpath -Dmdep.includeScope=test "-Dmdep.outputFile=$classes"

# One network for each architecture and flavour: the first golden of each, o(fficial) and s(eed, the community's).
names=()
for file in target/keras/*.double.npy; do
  name=$(basename "$file" .double.npy)
  if $all || [[ $name =~ _[os]_1$ ]]; then names+=("$name"); fi
done
[ ${#names[@]} -ge 20 ] || die "only ${#names[@]} networks in target/keras, expected one for each architecture and flavour"

table=target/interop/table.txt
: >"$table"
failed=0

# Keras $1: forward, saved again with every weight changed, and back into Java.
keras() {
  local version=$1 saved=target/interop/saved-$1 line name error verdict back
  local venv=target/interop/keras-$version
  environment "$venv" "keras==$version" 'jax==0.10.2' 'h5py==3.16.0' 'numpy==2.4.6'
  rm -rf "$saved"
  KERAS_BACKEND=numpy "$venv/bin/python" checks/keras/round_trip.py target/keras "$saved" "${names[@]}" \
    >target/interop/forward.txt || failed=1
  java -Dgoldens="$goldens" -cp "target/test-classes:target/classes:$(cat "$classes")" org.vit4j.golden.KerasBack \
    target/keras "$saved" >target/interop/back.txt
  while read -r name error verdict; do
    # 1e-5, or three times what the network makes of its own rounding.
    back=$(awk -v n="$name" '$1 == n { sub($1 " ", ""); print }' target/interop/back.txt)
    echo "$back" | awk '{ exit !($1 ~ /^[0-9]/ && ($1 <= 1e-5 || $1 <= 3 * $2)) }' || verdict="FAILED on the way back: $back"
    back=${back% *}
    [ "$verdict" = ok ] || failed=1
    line="$name|$version|$error|$back|$verdict"
    echo "$line" | tee -a "$table"
  done <target/interop/forward.txt
  [ "$(wc -l <target/interop/forward.txt)" = "${#names[@]}" ] || failed=1
}

keras "$newest"
if $all; then keras "$oldest"; fi

# Trained by Keras itself on JAX, which compiles for long: a plain, a convolutional and a batch-normalised network, or all.
train=target/interop/train
rm -rf "$train" && mkdir -p "$train"
for name in "${names[@]}"; do
  if $all || [[ $name =~ ^(vit_o_1|levit_s_1)$ ]]; then cp target/keras/"$name".{keras,input.npy,logits.npy} "$train"; fi
done
KERAS_BACKEND=jax "target/interop/keras-$newest/bin/python" checks/keras/check_keras.py "$train" --train || failed=1

checks/onnx/run.sh || failed=1

if [ "${INTEROP_TORCH:-0}" = 1 ]; then
  [ -x checks/timm/run.sh ] || die "checks/timm/run.sh is missing"
  checks/timm/run.sh || failed=1
fi

page() {
  echo '| network | Keras | there | back in vit4j |'
  echo '|---|---|---|---|'
  sort "$table" | awk -F'|' '{ printf "| %s | %s | %s | %s |\n", $1, $2, $3, $4 }'
}
if $write; then
  page >target/interop/page.md
  python3 - docs/interop.md target/interop/page.md <<'PYTHON'
import sys
path, page = sys.argv[1:]
text = open(path).read()
begin, end = "<!-- keras table -->\n", "<!-- end of keras table -->"
if begin not in text or end not in text:
    sys.exit(f"checks/interop.sh: {path} has no place for the table")
head, rest = text.split(begin, 1)
open(path, "w").write(head + begin + open(page).read() + end + rest.split(end, 1)[1])
PYTHON
fi
[ "$failed" = 0 ] || die "a peer disagrees, see above"
echo "checks/interop.sh: ${#names[@]} networks agree"
