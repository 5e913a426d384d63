#!/usr/bin/env bash
# Creates a SPARK_HOME in target/spark-home from Maven's jars, for local-cluster and spark-submit without an installed Spark.
# Prints its path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v mvn >/dev/null 2>&1 || { echo "checks/spark-home.sh: 'mvn' is missing: install Maven 3.8 or newer" >&2; exit 1; }

version=$(sed -n 's:.*<spark.version>\(.*\)</spark.version>.*:\1:p' pom.xml)
scala=$(sed -n 's:.*<scala.binary.version>\(.*\)</scala.binary.version>.*:\1:p' pom.xml)
home=target/spark-home
if [ "$(cat "$home/RELEASE" 2>/dev/null)" != "Spark $version from Maven" ]; then
  rm -rf "$home"
  mkdir -p "$home/bin"
  cat >"$home/pom.xml" <<EOF
<project xmlns="http://maven.apache.org/POM/4.0.0">
    <modelVersion>4.0.0</modelVersion>
    <groupId>org.vit4j</groupId>
    <artifactId>spark-home</artifactId>
    <version>1</version>
    <dependencies>
        <dependency>
            <groupId>org.apache.spark</groupId>
            <artifactId>spark-sql_$scala</artifactId>
            <version>$version</version>
        </dependency>
    </dependencies>
</project>
EOF
  mvn -q -B -ntp -f "$home/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DoutputDirectory=jars >"$home/maven.log" 2>&1 ||
    { tail -n 5 "$home/maven.log" >&2; echo "checks/spark-home.sh: could not download Spark $version" >&2; exit 1; }
  # A reduced version of Spark's own launcher.
  cat >"$home/bin/spark-submit" <<'EOF'
#!/usr/bin/env bash
export SPARK_HOME=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export SPARK_SCALA_VERSION=2.13
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
main=(-cp "$SPARK_HOME/jars/*" org.apache.spark.launcher.Main org.apache.spark.deploy.SparkSubmit)
# Spark's Main prints a NUL and a newline, then the arguments of the command, each terminated by a NUL.
words=()
while IFS= read -r -d "" word; do words+=("$word"); done < <("$java" "${main[@]}" "$@")
[ ${#words[@]} -gt 2 ] || exit 1
exec "${words[1]#$'\n'}" "${words[@]:2}"
EOF
  chmod +x "$home/bin/spark-submit"
  echo "Spark $version from Maven" >"$home/RELEASE"
fi
cd "$home" && pwd
