#!/usr/bin/env bash
# The measurements of docs/scaling.md: what a training step costs in one process, and on 1 and 2 Spark executors of one core
# each, and what of it is the exchange. bench/spark.sh [CONFIG [--set path=value ...]]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

config=${1:-digits-vit}; shift || true
overrides=()
while [ $# -gt 0 ]; do case $1 in --set) overrides+=("$2"); shift 2 ;; *) echo "bench/spark.sh: what is '$1'?" >&2; exit 2 ;; esac; done

export SPARK_HOME=${SPARK_HOME:-$(checks/spark-home.sh)}
export SPARK_SCALA_VERSION=2.13 OMP_NUM_THREADS=1
if [ -z "${CLASSES:-}" ]; then
  mvn -q -B -ntp -Pspark -Djacoco.skip test-compile
  mvn -q -B -ntp -Pspark dependency:build-classpath -Dmdep.outputFile=target/spark/test.cp -Dmdep.includeScope=test
  CLASSES=target/spark/classes:target/spark/test-classes:$(cat target/spark/test.cp)
fi
for executors in 0 1 2; do
  java @src/spark/jvm.args -Xmx2g -Djava.util.concurrent.ForkJoinPool.common.parallelism=1 -cp "$CLASSES" \
    org.vit4j.distributed.ScalingBench "$executors" "$config" "${overrides[@]}" 2>/dev/null
done
