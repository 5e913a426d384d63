#!/usr/bin/env bash
# Runs the JMH benchmarks: layers on both backends (LayerBench), single ND4J ops (KernelBench). Arguments are passed to JMH:
#
#   bench/kernels.sh LayerBench -p layer=dense,attention -i 3
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mvn -q -B -Djacoco.skip -Dspotless.check.skip test-compile dependency:build-classpath \
  -Dmdep.includeScope=test -Dmdep.outputFile=target/test-classpath
export MALLOC_MMAP_THRESHOLD_=1048576 # see ./vit4j for the reason
# JMH finds benchmarks by the list that its annotation processor writes to the test classes.
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp "target/test-classes:target/classes:$(cat target/test-classpath)" \
  org.openjdk.jmh.Main "$@"
