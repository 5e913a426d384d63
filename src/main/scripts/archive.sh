#!/usr/bin/env bash
# Archives the classes of a prediction next to the jar, from which Java starts faster (class-data sharing). Run it once after
# unpacking the distribution, and again when Java or vit4j has changed: an archive that does not fit is not used.
#
#   bash bin/archive.sh         the jar of the distribution
#   bash archive.sh JAR         another one; an absolute path
set -euo pipefail

here=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/launch.sh"

jar=${1:-$(dirname "$here")/vit4j.jar}
[ -r "$jar" ] || fail "$jar cannot be read"
prepare "$(dirname "$jar")/natives"
archive=$(archive_of "$jar")
[ -n "$archive" ] || fail "$java has no archive of its own classes (lib/server/classes.jsa); create it with java -Xshare:dump"
writable "$(dirname "$jar")" || fail "$(dirname "$jar") cannot be written"

# Under another name until it is known to work: Java does not survive an incomplete archive.
made=$archive.$$
trap 'rm -f "$made"' EXIT
log='-Xlog:cds*=off'
"$java" "${flags[@]}" -XX:ArchiveClassesAtExit="$made" "$log" -jar "$jar" warm-up || fail "the prediction to archive failed"
[ -s "$made" ] || fail "Java did not write $made"
expected=$("$java" "${flags[@]}" -jar "$jar" --version 2>&1)
[ "$("$java" "${flags[@]}" -XX:SharedArchiveFile="$made" "$log" -jar "$jar" --version 2>&1)" = "$expected" ] ||
  fail "Java does not start with the archive that it wrote"
for old in "${jar%.jar}"-*.jsa; do rm -f "$old"; done # of another Java, or of an earlier jar
mv -f "$made" "$archive"
