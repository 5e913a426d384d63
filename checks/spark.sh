#!/usr/bin/env bash
# The tests of training and inference on Spark, against executors that are processes of their own; the other tests not again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

need() { command -v "$1" >/dev/null 2>&1 || { echo "checks/spark.sh: '$1' is missing: $2" >&2; exit 1; }; }
need java "install a JDK 17 or newer"
need mvn "install Maven 3.8 or newer"

checks/spark-home.sh >/dev/null
mvn -B -ntp -Pspark verify -Dtest='org/vit4j/distributed/**' -Djacoco.skip
