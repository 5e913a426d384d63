#!/usr/bin/env bash
# Runs the measurements of docs/generated/scaling.md: the time of a training step in one process and on 1 and 2 Spark executors of one core
# each, of the gradient exchange, and of an empty job on up to 8 executors, for three networks. Writes one line of JSON per
# measurement to target/bench/spark.jsonl; then bench/scaling.py fits a model and writes the tables. Takes 15 minutes.
#
#   bench/spark.sh            measures, then writes the page
#   bench/spark.sh page       writes the page from existing measurements
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=target/bench/spark.jsonl
if [ "${1:-all}" != page ]; then
  [ $# = 0 ] || { echo "bench/spark.sh: unknown argument '$1'; expected page, or no argument" >&2; exit 2; }
  SPARK_HOME=${SPARK_HOME:-$(checks/spark-home.sh)}
  export SPARK_HOME SPARK_SCALA_VERSION=2.13 OMP_NUM_THREADS=1
  if [ -z "${CLASSES:-}" ]; then
    mvn -q -B -ntp -Pspark -Djacoco.skip test-compile
    mvn -q -B -ntp -Pspark dependency:build-classpath -Dmdep.outputFile=target/spark/test.cp -Dmdep.includeScope=test
    CLASSES=target/spark/classes:target/spark/test-classes:$(cat target/spark/test.cp)
  fi
  mkdir -p target/bench
  measure() {
    java @src/spark/jvm.args -Xmx4g -Djava.util.concurrent.ForkJoinPool.common.parallelism=1 -cp "$CLASSES" \
      org.vit4j.distributed.ScalingBench "$@" 2>>target/bench/spark.log | tee -a "$out.part"
  }
  rm -f "$out.part" target/bench/spark.log
  # Digits, because it needs no download; as wide as small ViTs, but with 17 tokens and small batches: the transferred data grows
  # with the parameters only.
  small=(digits-vit train.batch=64)
  tiny=(digits-vit train.batch=32 model.dim=192 model.depth=12 model.heads=3 model.mlp_ratio=4)
  wide=(digits-vit train.batch=16 model.dim=384 model.depth=12 model.heads=6 model.mlp_ratio=4)
  for executors in 0 1 2; do
    measure "$executors" "${small[@]}"
    measure "$executors" "${tiny[@]}"
    measure "$executors" "${wide[@]}"
  done
  for executors in 4 8; do measure "$executors" "${small[@]}"; done
  mv "$out.part" "$out"
fi
exec python3 bench/scaling.py "$out" docs/generated/scaling.md
