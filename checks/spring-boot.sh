#!/usr/bin/env bash
# Builds the Spring Boot service of docs/java.md on vit4j, starts its jar and sends it requests. checks/consumer.sh has the same
# requirements. SPRING_BOOT_REPOSITORY names a Maven repository in which vit4j is installed; otherwise this script installs it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[ "$(uname -sm)" = "Linux x86_64" ] || { echo "checks/spring-boot.sh: skipped, written for Linux on x86_64"; exit 0; }
grep -qw avx2 /proc/cpuinfo || { echo "checks/spring-boot.sh: skipped, the natives it names need AVX2"; exit 0; }
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill -9 "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
passed=0
ok() { passed=$((passed + 1)); echo "ok: $1"; }
fail() {
  echo "FAILED: $1" >&2
  for log in "$work/out" "$work/log"; do [ ! -s "$log" ] || tail -n 40 "$log" >&2; done
  exit 1
}

repository=${SPRING_BOOT_REPOSITORY:-}
if [ -z "$repository" ]; then
  # The user's repository by symbolic links, but for org/vit4j.
  repository=$work/repository
  cache=$HOME/.m2/repository
  mkdir -p "$cache/org" "$repository/org"
  for entry in "$cache"/*; do [ "${entry##*/}" = org ] || ln -s "$entry" "$repository/"; done
  for entry in "$cache"/org/*; do [ "${entry##*/}" = vit4j ] || ln -s "$entry" "$repository/org/"; done
  mvn -q -B "-Dmaven.repo.local=$repository" -DskipTests -Djacoco.skip -Dmaven.javadoc.skip -Ddist.skip install \
    >"$work/out" 2>&1 || fail "mvn install"
fi
cp -r checks/spring-boot "$work/app"
(cd "$work/app" && mvn -q -B "-Dmaven.repo.local=$repository" package) >"$work/out" 2>&1 || fail "the service does not build"
ok "the service builds with Spring Boot's versions of Jackson, logback and slf4j"

model=$PWD/src/test/resources/models/vit.keras
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(cd "$work" && OMP_WAIT_POLICY=ACTIVE GOMP_SPINCOUNT=1000 exec java -XX:+UseSerialGC -XX:MaxRAMPercentage=25 \
  -jar "$work/app/target/classifier.jar" "--classifier.model=$model" "--server.port=$port" --server.address=127.0.0.1 \
  --logging.level.app=debug) >"$work/log" 2>&1 &
server=$!
for _ in $(seq 600); do
  grep -q "Started ClassifierApplication" "$work/log" && break
  kill -0 "$server" 2>/dev/null || fail "the service ended during its start"
  sleep 0.5
done
grep -q "Started ClassifierApplication" "$work/log" || fail "the service did not start"
grep -qE "INFO [0-9]+ --- .*app.Classifier +: .* is ready after" "$work/log" || fail "no line in Spring Boot's format"
before() { # $1 is logged before $2
  [ "$(grep -nE "$1|$2" "$work/log" | head -n 1 | grep -cE "$1")" = 1 ]
}
before "app.Classifier +: .* is ready after" "Tomcat started on port" || fail "the web server started before the model was ready"
! grep -qE "SLF4J|io.jhdf" "$work/log" || fail "the log has lines of another logger"
ok "starts from its jar, loads the model and computes batches before it accepts requests; logs in Spring Boot's format"

printf 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==' | base64 -d >"$work/gray.png"
post() { curl -sS --max-time 60 -H 'Content-Type: application/octet-stream' --data-binary "@$1" "http://127.0.0.1:$port/classify$2"; }
post "$work/gray.png" '?k=2' >"$work/out" || fail "no answer"
python3 - "$work/out" <<'PY' || fail "the answer is not two predictions"
import json, re, sys
predictions = json.load(open(sys.argv[1]))
assert len(predictions) == 2 and predictions[0]["probability"] >= predictions[1]["probability"] > 0, predictions
assert set(predictions[0]) == {"label", "index", "probability"}, predictions
PY
ok "answers with the most likely classes"
./vit4j predict "$model" "$work/gray.png" --json >"$work/predicted" 2>/dev/null || fail "vit4j predict"
python3 - "$work/out" "$work/predicted" <<'PY' || fail "the answer differs from ./vit4j predict"
import json, re, sys
served, line = json.load(open(sys.argv[1])), open(sys.argv[2]).read()
assert abs(served[0]["probability"] - max(float(x) for x in re.findall(r'"probability" ?: ?([0-9.Ee-]+)', line))) < 1e-6
PY
ok "with the probabilities of ./vit4j predict"

echo "not an image" >"$work/text"
[ "$(post "$work/text" '' | grep -c '"status":400')" = 1 ] || fail "a file that is no image is not answered with 400"
ok "answers 400 to a file that is not an image"

for i in $(seq 40); do post "$work/gray.png" '' >"$work/answer.$i" & clients[i]=$!; done
for i in $(seq 40); do wait "${clients[i]}" || fail "request $i of 40 concurrent ones"; done
for i in $(seq 40); do grep -q '"label"' "$work/answer.$i" || fail "request $i of 40 concurrent ones has no answer"; done
grep -qE "computed a batch of ([2-9]|1[0-6])$" "$work/log" || fail "concurrent requests were not computed together"
ok "computes concurrent requests together"

kill -TERM "$server"
code=0
wait "$server" || code=$?
server=
[ "$code" = 143 ] || fail "exit code $code after SIGTERM"
grep -q "the model is closed" "$work/log" || fail "the model was not closed"
before "Graceful shutdown complete" "the model is closed" || fail "the model was closed before the web server"
ok "closes the model on SIGTERM, after the web server"
echo "checks/spring-boot.sh: $passed passed"
