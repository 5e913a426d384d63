#!/usr/bin/env bash
# Builds vit4j on the newest JDK of this machine, as a user would, and trains for a moment there: checks/newest-jdk.sh.
# Does nothing when the JDK in use is the newest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The feature version of a Java home; 0 when it is no JDK.
version() {
  [ -x "$1/bin/javac" ] || { echo 0; return; }
  "$1/bin/java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'
}

current=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
newest=$current
home=
for candidate in /usr/lib/jvm/* /opt/java/* /Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/.sdkman/candidates/java/*; do
  found=$(version "$candidate")
  if [ "${found:-0}" -gt "$newest" ]; then newest=$found home=$candidate; fi
done
if [ -z "$home" ]; then echo "checks/newest-jdk.sh: JDK $current is the newest here"; exit 0; fi

export JAVA_HOME=$home
mvn -B -ntp -q -DskipTests -Djacoco.skip "-Doutput.base=$PWD/target/newest-jdk" package
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
train=(train digits-vit --set train.epochs=1 --set model.depth=1 --set model.dim=16 --set model.heads=2)
"$JAVA_HOME/bin/java" -jar target/newest-jdk/vit4j.jar "${train[@]}" --run "$work/jar" >/dev/null
# The launcher starts the usual build on that JDK. Nothing but the run's own lines may be on standard error.
./vit4j "${train[@]}" --run "$work/launcher" >/dev/null 2>"$work/err"
! grep -n 'WARN' "$work/err" || { echo "checks/newest-jdk.sh: JDK $newest warns" >&2; exit 1; }
echo "checks/newest-jdk.sh: JDK $newest builds and trains"
