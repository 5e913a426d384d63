#!/usr/bin/env bash
# Smoke test of the packaged launcher: trains two epochs, evaluates, predicts, and checks that errors are one line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
ok() { passed=$((passed + 1)); echo "ok: $1"; }
fail() { echo "FAILED: $1" >&2; exit 1; }
# Runs a command that must fail with exit code $1, without output on standard output and without a stack trace.
errs() {
  local code=$1 what=$2; shift 2
  set +e; "$@" >"$work/out" 2>"$work/err"; local got=$?; set -e
  [ "$got" = "$code" ] || { cat "$work/err" >&2; fail "$what: exit $got, expected $code"; }
  [ ! -s "$work/out" ] || fail "$what: output on standard output"
  ! grep -qE '^\s+at [a-z]+\.' "$work/err" || fail "$what: a stack trace"
  ok "$what: $(tail -n 1 "$work/err")"
}

./vit4j --help >/dev/null && ok "help"
./vit4j models --json | grep -q '"vit_base_patch16_224"' && ok "models"
./vit4j summary vit_base_patch16_224 --json | grep -q '"parameters" : 86567656' && ok "summary"

./vit4j bench digits-vit --steps 1 --set train.batch=4 --json 2>/dev/null | grep -q '"peak_memory"' && ok "bench"
./vit4j preview digits-vit -o "$work/sheet.png" --count 4 && [ -s "$work/sheet.png" ] && ok "preview"

# The README's main example runs with the launcher's own options of Java, also where others are set.
VIT4J_JAVA_OPTS='' ./vit4j train configs/digits-vit.yaml --set train.epochs=2 --run "$work/run" | tee "$work/train.txt"
for file in config.yaml metrics.jsonl environment.json model.keras last.keras checkpoints report.html metrics.csv evaluation.json; do
  [ -e "$work/run/$file" ] || fail "the run directory has no $file"
done
ok "train"
./vit4j train configs/digits-vit.yaml --set train.epochs=2 --run "$work/run" --resume >/dev/null && ok "resume of a finished run"
ls "$work"/run/events.out.tfevents.* >/dev/null && ok "event file for TensorBoard"
# A reader that leaves early ends the program without a word; a full disk does not pass for success.
./vit4j models 2>"$work/err" | head -1 >/dev/null
[ ! -s "$work/err" ] || fail "broken pipe: $(head -1 "$work/err")"
ok "broken pipe"
if [ -w /dev/full ]; then
  set +e; ./vit4j models >/dev/full 2>"$work/err"; code=$?; set -e
  [ "$code" = 1 ] && [ "$(wc -l <"$work/err")" = 1 ] || fail "full disk: exit $code"
  ok "full disk: $(cat "$work/err")"
fi

# Ctrl-C in a terminal: the last line says how to continue, and that command works as it is printed.
python3 checks/terminal.py "$work/screen.txt" ./vit4j train digits-vit --run "$work/my run" --set train.clip=0.5 || fail "Ctrl-C: exit $?"
again=$(tail -n 1 "$work/screen.txt" | sed -n 's/.*continue with: //p')
[ -n "$again" ] || fail "Ctrl-C: the last line on the screen is '$(tail -n 1 "$work/screen.txt")'"
bash -c "$again --set train.epochs=1" >/dev/null || fail "the printed command: $again"
grep -q 'clip: 0.5' "$work/my run/config.yaml" || fail "the resumed run lost a value of --set"
ok "Ctrl-C, then: $again"

./vit4j compare "$work/run" "$work/run" -o "$work/compare.html" --json | grep -q '"images_per_second"' && [ -s "$work/compare.html" ] && ok "compare"
errs 2 "compare without a run" ./vit4j compare "$work/none"
./vit4j eval "$work/run/model.keras" --data configs/digits-vit.yaml --json | grep -q '"count" : 3[56]' && ok "eval"
# A 1x1 PNG, black.
printf 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==' | base64 -d >"$work/dot.png"
./vit4j predict "$work/run/model.keras" "$work/dot.png" --top 3 --json | grep -q '"probability"' && ok "predict"

# Logits with one and two threads agree to 1e-5 of the largest.
for threads in 1 2; do
  OMP_NUM_THREADS=$threads ./vit4j predict "$work/run/model.keras" "$work/dot.png" --logits --json |
    tr -d ' \n' | sed 's/.*"logits":\[\([^]]*\)\].*/\1/' | tr ',' '\n' >"$work/logits.$threads"
done
paste "$work/logits.1" "$work/logits.2" | awk '
  function size(x) { return x < 0 ? -x : x }
  { if (size($1) > largest) largest = size($1); if (size($1 - $2) > difference) difference = size($1 - $2) }
  END { exit !(NR == 10 && largest > 0 && difference <= 1e-5 * largest) }' || fail "logits depend on the number of threads"
ok "one and two threads give the same logits"

head -c 5000 "$work/run/model.keras" >"$work/truncated.keras"
echo "not an image" >"$work/text.png"
errs 2 "missing config" ./vit4j train nothing.yaml
errs 2 "unknown key" ./vit4j train configs/digits-vit.yaml --set model.hedas=3
errs 2 "unknown architecture" ./vit4j train configs/digits-vit.yaml --set model.arch=vti
errs 2 "truncated model" ./vit4j predict "$work/truncated.keras" "$work/dot.png"
errs 2 "not an image" ./vit4j predict "$work/run/model.keras" "$work/text.png"
errs 2 "missing image" ./vit4j predict "$work/run/model.keras" "$work/absent.png"
errs 2 "wrong magic" ./vit4j predict "$work/text.png" "$work/dot.png"
errs 2 "directory for a model" ./vit4j predict "$work" "$work/dot.png"
errs 2 "unknown option" ./vit4j train --fast
errs 2 "unknown command" ./vit4j traim configs/digits-vit.yaml
errs 2 "data that does not exist" ./vit4j eval "$work/run/model.keras" --data nodir
errs 1 "NaN loss" ./vit4j train configs/digits-vit.yaml --set train.optimizer.lr=1e30 --set train.schedule.warmup_epochs=0 \
  --set train.clip=1e30 --run "$work/nan"

echo "$passed passed, 0 failed"
