#!/usr/bin/env bash
# Times layers on both engines (LayerBench) and single ND4J ops (KernelBench) with JMH. Arguments go to JMH:
#
#   bench/kernels.sh LayerBench -p layer=dense,attention -i 3
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mvn -q -B -Djacoco.skip -Dspotless.check.skip test-compile dependency:build-classpath \
  -Dmdep.includeScope=test -Dmdep.outputFile=target/test-classpath
export MALLOC_MMAP_THRESHOLD_=1048576 # as ./vit4j does, and why
# Benchmarks are found by the list that JMH's processor leaves among the test classes.
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp "target/test-classes:target/classes:$(cat target/test-classpath)" \
  org.openjdk.jmh.Main "$@"
