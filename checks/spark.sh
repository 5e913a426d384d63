#!/usr/bin/env bash
# Runs only the tests of training and inference on Spark, with executors as separate processes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

need() { command -v "$1" >/dev/null 2>&1 || { echo "checks/spark.sh: '$1' is missing: $2" >&2; exit 1; }; }
need java "install a JDK 17 or newer"
need mvn "install Maven 3.8 or newer"

checks/spark-home.sh >/dev/null
mvn -B -ntp -Pspark verify -Dtest='org/vit4j/distributed/**' -Djacoco.skip
