#!/usr/bin/env bash
# vit4j as a library and as a distribution: installs it into a local repository of its own (on top of the user's, so that nothing
# is downloaded again), builds an application on it that enforces dependency convergence, runs that with its own logback and
# with log4j2, without natives, and without picocli; then runs the zip with a Java runtime alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[ "$(uname -sm)" = "Linux x86_64" ] || { echo "checks/consumer.sh: skipped, written for Linux on x86_64"; exit 0; }
grep -qw avx2 /proc/cpuinfo || { echo "checks/consumer.sh: skipped, the natives it names need AVX2"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
ok() { passed=$((passed + 1)); echo "ok: $1"; }
fail() { echo "FAILED: $1" >&2; [ ! -s "$work/out" ] || tail -n 40 "$work/out" >&2; exit 1; }

# The user's repository by symbolic links, but for org/vit4j.
cache=$HOME/.m2/repository
mkdir -p "$cache/org" "$work/repository/org"
for entry in "$cache"/*; do [ "${entry##*/}" = org ] || ln -s "$entry" "$work/repository/"; done
for entry in "$cache"/org/*; do [ "${entry##*/}" = vit4j ] || ln -s "$entry" "$work/repository/org/"; done
maven=(mvn -q -B "-Dmaven.repo.local=$work/repository")

# Javadoc and zip take most of the time, and exist already where "mvn verify" ran before.
built=()
if [ -f target/vit4j-0.1.0.zip ] && [ -z "$(find pom.xml src/main configs -newer target/vit4j-0.1.0.zip -print -quit)" ]; then
  built=(-Dmaven.javadoc.skip -Ddist.skip)
fi
"${maven[@]}" -DskipTests -Djacoco.skip ${built[@]+"${built[@]}"} install >"$work/out" 2>&1 || fail "mvn install"
for file in .pom .jar -sources.jar; do
  [ -s "$work/repository/org/vit4j/vit4j/0.1.0/vit4j-0.1.0$file" ] || fail "not installed: vit4j-0.1.0$file"
done
[ -s target/vit4j-javadoc.jar ] || fail "no Javadoc"
ok "installed with sources and Javadoc"
./vit4j --version >"$work/out" 2>&1 || fail "./vit4j after mvn install"
! grep -q building "$work/out" || fail "./vit4j built again after mvn install"
ok "./vit4j uses what mvn install has built"

cp -r checks/consumer "$work/app"
printf 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==' | base64 -d >"$work/gray.png"
model=$PWD/src/test/resources/models/vit.keras

# Builds the application with these profiles; its class path is then in "$work/classpath".
build() {
  (cd "$work/app" && "${maven[@]}" "-P$1" validate compile dependency:build-classpath -Dmdep.outputFile="$work/classpath") \
    >"$work/out" 2>&1 || fail "the application does not build with $1"
}
run() { java -cp "$work/app/target/classes:$(cat "$work/classpath")" app.App "$model" "$work/gray.png" >"$work/out" 2>&1; }

for log in logback log4j2; do
  build "natives,$log"
  run || fail "prediction with $log"
  grep -q "^app-$log INFO app.App: application starts" "$work/out" || fail "the application's own log is missing with $log"
  grep -q "^app-$log INFO app.App: predicted \[Prediction" "$work/out" || fail "no prediction with $log"
  ! grep -q "SLF4J" "$work/out" || fail "two logging backends with $log"
  ok "an application with $log: dependencies converge, its log appears, it predicts"
done
for pin in commons-io-2.20.0 commons-codec-1.19.0 commons-lang3-3.18.0 commons-compress-1.28.0; do
  grep -q "/$pin.jar" "$work/classpath" || fail "$pin does not reach the application"
done
ok "pinned versions reach the application"

build logback
! grep -qE "(linux|macosx|windows)-(x86_64|arm64)" "$work/classpath" || fail "natives that the application did not ask for"
if run; then fail "prediction without natives"; fi
grep -q "add org.nd4j:nd4j-native:1.0.0-M2.1:linux-x86_64-onednn-avx2" "$work/out" || fail "the error does not name the missing artifact"
ok "no natives unless chosen; without them the error names the artifacts"

# The distribution, with the tools of a plain system and a Java runtime: no compiler, no Maven.
python3 - target/vit4j-0.1.0.zip "$work" <<'PY' || fail "the zip cannot be unpacked"
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    for entry in archive.infolist():
        path = archive.extract(entry, sys.argv[2])
        if entry.external_attr >> 16: os.chmod(path, entry.external_attr >> 16)
PY
home=$work/vit4j-0.1.0
mkdir "$work/bin"
if command -v jlink >/dev/null 2>&1 && jlink --add-modules java.se,jdk.unsupported,jdk.management,jdk.zipfs --strip-debug --no-header-files --no-man-pages \
  --output "$work/jre" 2>/dev/null; then
  ln -s "$work/jre/bin/java" "$work/bin/java"
else
  ln -s "$(command -v java)" "$work/bin/java"
fi
for tool in awk bash cat cut dirname getconf getent grep id locale mkdir nproc paste readlink sed uname; do
  if command -v "$tool" >/dev/null 2>&1; then ln -s "$(command -v "$tool")" "$work/bin/"; fi
done
dist() { (unset JAVA_HOME; cd "$work" && PATH=$work/bin "$home/bin/vit4j" "$@") >"$work/out" 2>&1; }
dist --version && grep -qx "vit4j 0.1.0" "$work/out" || fail "bin/vit4j --version"
dist models && grep -q vit_base_patch16_224 "$work/out" || fail "bin/vit4j models"
dist predict "$model" "$work/gray.png" --json && grep -q probability "$work/out" || fail "bin/vit4j predict"
ok "the zip runs on a Java runtime without Maven"
bash -n "$home/completion.sh" && (source "$home/completion.sh" && complete -p vit4j) >"$work/out" 2>&1 || fail "completion.sh"
ok "tab completion"
echo "checks/consumer.sh: $passed passed"
