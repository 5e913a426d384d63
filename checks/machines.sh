#!/usr/bin/env bash
# The launcher on other machines: another collector, ASCII and other locales, fewer processors, less memory, no home.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
chmod 755 "$work"
groups=()
clean() {
  rm -rf "$work"
  for group in ${groups[@]+"${groups[@]}"}; do rmdir "$group" 2>/dev/null || true; done
}
trap clean EXIT
passed=0
skipped=0
ok() { passed=$((passed + 1)); echo "ok: $1"; }
skip() { skipped=$((skipped + 1)); echo "skipped: $1"; }
fail() { echo "FAILED: $1" >&2; [ ! -s "$work/err" ] || cat "$work/err" >&2; exit 1; }
small=(train digits-vit --set train.epochs=1 --set model.depth=1 --set model.dim=16 --set model.heads=2 --set train.batch=256)
# The number of threads that a run wrote down.
threads() { sed -n 's/.*"threads" : "\([0-9]*\)".*/\1/p' "$1/environment.json"; }

./vit4j --version >/dev/null # builds what is missing or stale
"${BASH_FOR_LAUNCHER:-bash}" ./vit4j models --json >"$work/models.json" && ok "$("${BASH_FOR_LAUNCHER:-bash}" --version | head -n 1)"

# Scripts a user starts have nothing that Bash 3.2 or an older macOS lacks.
! grep -nE '^[^#]*(mapfile|readarray|declare -A|readlink -f|[$][{][a-z_]+(,,|\^\^)|&>>|wait -n)' vit4j src/main/scripts/*.sh src/main/scripts/vit4j checks/spark-home.sh notebooks/*.sh ||
  fail "newer than Bash 3.2"
ok "nothing newer than Bash 3.2"

ln -s "$PWD/vit4j" "$work/link"
(cd "$work" && ./link --version >/dev/null) || fail "through a symbolic link"
(cd "${PWD%/*}" && CDPATH=$PWD "${OLDPWD##*/}/vit4j" --version >/dev/null 2>"$work/err") || fail "with CDPATH"
ok "through a symbolic link, and with CDPATH"

for threads in many '1 2' 0 -1 99999999999; do
  code=0
  OMP_NUM_THREADS=$threads ./vit4j models >/dev/null 2>"$work/err" || code=$?
  [ "$code" = 1 ] && grep -q "OMP_NUM_THREADS=$threads: expected a number of threads" "$work/err" || fail "OMP_NUM_THREADS=$threads"
done
ok "wrong OMP_NUM_THREADS"

echo "-XX:+UseParallelGC" >"$work/options"
JAVA_TOOL_OPTIONS=-XX:+UseG1GC ./vit4j models --json 2>"$work/err" | cmp -s - "$work/models.json" || fail "JAVA_TOOL_OPTIONS"
JDK_JAVA_OPTIONS=-XX:+UseZGC ./vit4j models --json 2>"$work/err" | cmp -s - "$work/models.json" || fail "JDK_JAVA_OPTIONS"
JDK_JAVA_OPTIONS=@$work/options ./vit4j models --json 2>"$work/err" | cmp -s - "$work/models.json" || fail "a file of options"
VIT4J_JAVA_OPTS=-XX:+UseParallelGC ./vit4j models --json 2>"$work/err" | cmp -s - "$work/models.json" || fail "VIT4J_JAVA_OPTS"
ok "another collector"

export OMP_NUM_THREADS=1
for locale in ar-EG tr-TR de-DE; do
  options="-Duser.language=${locale%-*} -Duser.country=${locale#*-}"
  VIT4J_JAVA_OPTS=$options ./vit4j models --json | cmp -s - "$work/models.json" || fail "locale $locale"
done
ok "other locales"

# Class names, paths and output beyond ASCII, in the locale of a bare container.
mkdir -p "$work/données/train/été" "$work/données/train/日本" "$work/données/val/été" "$work/données/val/日本"
for split in train val; do
  for i in 1 2 3 4; do
    printf 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==' | base64 -d |
      tee "$work/données/$split/été/$i.png" >"$work/données/$split/日本/ü$i.png"
  done
done
LC_ALL=C ./vit4j "${small[@]}" --set data.dataset=image-folder --set "data.path=$work/données" --set model.classes=2 \
  --set train.batch=4 --set data.validation=null --run "$work/modèle" >"$work/out" 2>"$work/err" || fail "training in an ASCII locale"
LC_ALL=C ./vit4j predict "$work/modèle/model.keras" "$work/données/val/日本/ü1.png" --json >"$work/out" 2>"$work/err" ||
  fail "prediction in an ASCII locale"
grep -q '日本' "$work/out" && grep -q 'ü1.png' "$work/out" || fail "names in JSON in an ASCII locale"
ok "names beyond ASCII in an ASCII locale"
OMP_NUM_THREADS=' 1,2' ./vit4j predict "$work/modèle/model.keras" "$work/données/val/日本/ü1.png" --json 2>"$work/err" | cmp -s - "$work/out" ||
  fail "a list in OMP_NUM_THREADS"
ok "a list in OMP_NUM_THREADS"

code=0
VIT4J_JAVA_OPTS=-Djava.io.tmpdir=$work/missing ./vit4j predict "$work/modèle/model.keras" "$work/données/val/日本/ü1.png" \
  >"$work/out" 2>"$work/err" || code=$?
[ "$code" = 1 ] && grep -q "temporary directory $work/missing cannot be written" "$work/err" || fail "a missing temporary directory"
ok "a missing temporary directory"
unset OMP_NUM_THREADS

if command -v taskset >/dev/null 2>&1 && [ "$(nproc)" -gt 1 ]; then
  taskset -c "$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')" ./vit4j "${small[@]}" --run "$work/one" >/dev/null 2>&1
  [ "$(threads "$work/one")" = 1 ] || fail "threads on one processor"
  ok "one thread on one processor"
fi
./vit4j "${small[@]}" --set train.threads=1 --run "$work/set" >/dev/null 2>&1
[ "$(threads "$work/set")" = 1 ] || fail "train.threads"
ok "train.threads"

# A control group of version 1 or 2 with one processor's time and 2 GB, where this process may make one.
limited() {
  local base group
  if [ -w /sys/fs/cgroup/cpu/tasks ] && [ -w /sys/fs/cgroup/memory/tasks ]; then
    for base in cpu memory; do
      group=/sys/fs/cgroup/$base/vit4j-check-$$
      mkdir "$group" || return 1
      groups+=("$group")
    done
    { echo 100000 >"/sys/fs/cgroup/cpu/vit4j-check-$$/cpu.cfs_quota_us" &&
      echo 2147483648 >"/sys/fs/cgroup/memory/vit4j-check-$$/memory.limit_in_bytes"; } 2>/dev/null
  else
    return 1
  fi
}
inside() { (for group in "${groups[@]}"; do echo "$BASHPID" >"$group/tasks"; done; "$@"); }
if limited; then
  inside ./vit4j "${small[@]}" --run "$work/quota" >/dev/null 2>"$work/err" || fail "in a control group"
  [ "$(threads "$work/quota")" = 1 ] || fail "threads with a quota of one processor: $(threads "$work/quota")"
  ok "threads follow the CPU quota"
  if inside ./vit4j train vit_large_patch16_224 --set data.dataset=digits --set model.classes=10 --run "$work/large" \
    >/dev/null 2>"$work/err"; then fail "an estimate above the limit was accepted"; fi
  grep -qE 'needs about .* GB' "$work/err" || fail "the estimate does not know the limit"
  ok "$(tail -n 1 "$work/err")"
else
  skip "control groups: they cannot be made here"
fi

# A user without a home and without an entry in the list of users; the build is there already.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null 2>&1 && setpriv --reuid=54321 --clear-groups test -r target/vit4j.jar; then
  (cd "$work" && mkdir -m 777 tmp && cd tmp && TMPDIR=$work/tmp HOME=/nonexistent setpriv --reuid=54321 --clear-groups \
    "$OLDPWD/link" "${small[@]}" --run "$work/tmp/run" >/dev/null 2>"$work/err") || fail "without a home"
  [ ! -e "$work/tmp/?" ] || fail "a directory named '?' was made"
  ok "without a home"
else
  skip "without a home: needs root, setpriv, and a checkout that others can read"
fi

java -jar target/vit4j.jar models --json | cmp -s - "$work/models.json" || fail "java -jar"
ok "java -jar target/vit4j.jar"
echo "checks/machines.sh: $passed passed, $skipped skipped"
