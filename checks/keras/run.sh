#!/usr/bin/env bash
# Opens the .keras files of vit4j in stock Keras 3. Prints one line per model; fails if one differs. KERAS_VERSION and
# KERAS_BACKEND select other versions than the pinned ones; further arguments are passed to check_keras.py (--train). If
# target/keras has no files, the exporting tests write them first, from the golden cases in GOLDENS if that is set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

die() { echo "checks/keras/run.sh: $1" >&2; exit 1; }

version=${KERAS_VERSION:-3.15.1}
backend=${KERAS_BACKEND:-jax}
case $backend in
  jax) package=jax==0.10.2 ;;
  tensorflow) package=tensorflow-cpu==2.21.0 ;;
  *) die "KERAS_BACKEND=$backend is not supported; expected jax or tensorflow" ;;
esac

venv=target/keras-venv-$version-$backend
checks/environment.sh "$venv" "keras==$version" "$package" h5py==3.16.0 numpy==2.4.6

if ! compgen -G 'target/keras/*.keras' >/dev/null; then
  mvn -B -ntp -q -Djacoco.skip test -Dtest='Keras*Test' "-Dgoldens=${GOLDENS:-}"
fi
KERAS_BACKEND=$backend TF_CPP_MIN_LOG_LEVEL=3 "$venv/bin/python" checks/keras/check_keras.py target/keras "$@"
