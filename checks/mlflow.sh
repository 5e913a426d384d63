#!/usr/bin/env bash
# Tracking with a real MLflow server: trains the digits, stops, resumes, and compares parameters, metrics, tags, files and status
# with the run directory by MLflow's Python client; stops the server during a run; reads the event file by TensorBoard.
# The first run installs mlflow and tensorboard from the package registry into target/mlflow; --prepare does nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() { echo "checks/mlflow.sh: $1" >&2; exit 1; }
command -v java >/dev/null 2>&1 || die "'java' is missing: install a JDK 17 or newer"

venv=target/mlflow/venv
checks/environment.sh "$venv" 'mlflow==3.17.2' 'tensorboard==2.20.0' 'setuptools<81'
[ "${1:-}" != --prepare ] || exit 0

work=$(mktemp -d)
server=
stop_server() {
  [ -n "$server" ] || return 0
  kill -- "-$server" 2>/dev/null || true # its workers too
  wait "$server" 2>/dev/null || true
  server=
}
trap 'stop_server; rm -rf "$work"' EXIT
passed=0
ok() { passed=$((passed + 1)); echo "ok: $1"; }
fail() { echo "FAILED: $1" >&2; tail -n 20 "$work/err" >&2 || true; exit 1; }

unset "${!MLFLOW_@}"
export DO_NOT_TRACK=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export MLFLOW_TRACKING_URI=http://127.0.0.1:$port
start_server() {
  set -m
  "$venv/bin/mlflow" server --host 127.0.0.1 --port "$port" --workers 1 --backend-store-uri "sqlite:///$work/mlflow.db" \
    --artifacts-destination "$work/artifacts" >"$work/server.log" 2>&1 &
  server=$!
  set +m
  for _ in $(seq 1200); do
    curl -sf "$MLFLOW_TRACKING_URI/health" >/dev/null 2>&1 && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.5
  done
  tail -n 20 "$work/server.log" >&2
  die "the MLflow server does not start"
}
command -v curl >/dev/null 2>&1 || die "'curl' is missing: install curl"

train=(./vit4j train digits-vit --set train.epochs=6 --set train.checkpoint_steps=20 --set output.log_steps=10
  --set "output.mlflow={experiment: digits, tags: {team: vision}, artifacts: [config, report, best]}")
check() { "$venv/bin/python" checks/tracked_run.py "$@" || fail "$*"; }

# Waits until the first epoch of run $1, whose process is $2, is finished.
first_epoch() {
  while [ ! -s "$1/metrics.jsonl" ]; do
    kill -0 "$2" 2>/dev/null || fail "training ended before its first epoch"
    sleep 0.1
  done
}

./vit4j --version >/dev/null # builds what is missing or stale, and says so
set +e
"${train[@]}" --run "$work/down" >"$work/out" 2>"$work/err"
code=$?
set -e
[ "$code" = 2 ] && [ "$(wc -l <"$work/err")" = 1 ] && [ ! -e "$work/down" ] || fail "server down: exit $code"
ok "server down: $(cat "$work/err")"

start_server
"${train[@]}" --run "$work/run" >"$work/out" 2>"$work/err" &
process=$!
first_epoch "$work/run" "$process"
kill -TERM "$process"
set +e; wait "$process"; code=$?; set -e
[ "$code" = 130 ] || fail "stopped run: exit $code, expected 130"
check "$work/run" KILLED
ok "stopped run"

./vit4j train --resume --run "$work/run" >"$work/out" 2>"$work/err" || fail "resume"
check "$work/run" FINISHED
ok "resumed run: parameters, metrics of epochs and steps, tags, files and status"

"${train[@]}" --run "$work/outage" >"$work/out" 2>"$work/err" &
process=$!
first_epoch "$work/outage" "$process"
stop_server
wait "$process" || fail "the server stopped during training: exit $?"
grep -q "WARN  MetricQueue: MLflow: .*; training continues" "$work/err" || fail "no warning that the server does not answer"
grep -q "WARN  MlflowTracker: not sent to MLflow: .*status FINISHED" "$work/err" || fail "no list of what was not sent"
start_server
./vit4j train --resume --run "$work/outage" >"$work/out" 2>"$work/err" || fail "resume after an outage"
check "$work/outage" FINISHED
ok "server stopped during training: the values are sent on resume"

"${train[@]}" --set train.epochs=1 --sweep train.optimizer.lr=1e-3,1e-4 --run "$work/sweep" >"$work/out" 2>"$work/err" ||
  fail "sweep"
check "$work/sweep" FINISHED
ok "sweep: a parent run with two runs below it"

echo "$passed passed, 0 failed"
