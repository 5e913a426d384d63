# Sourced by start.sh and by the check: builds vit4j, and tells Java kernels where it is and what to run first.
notebooks=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$notebooks/../vit4j" --version >/dev/null # builds what is missing or stale
jar=$(cd "$notebooks/.." && pwd)/target/vit4j.jar

# Half of the machine's memory: JavaCPP allows arrays, which lie outside the Java heap, as much as the heap may have.
# Of vit4j's log only warnings, which Jupyter shows in the cell.
options="-XX:+UseSerialGC -XX:MaxRAMPercentage=50 -Dvit4j.log=WARN"

# JJava reads these itself.
export JJAVA_CLASSPATH=$jar JJAVA_STARTUP_SCRIPTS_PATH=$notebooks/kernels/jjava.jshell JJAVA_JVM_OPTS=$options

# rapaio's kernel has no installer that would keep them, so its kernel spec is written here, when Maven has fetched it.
for rapaio in "$HOME"/.m2/repository/io/github/padreati/rapaio-jupyter-kernel/*/*.jar; do
  [ -f "$rapaio" ] || continue
  spec=$(dirname "$jar")/jupyter/kernels/rapaio
  mkdir -p "$spec"
  cat >"$spec/kernel.json" <<JSON
{"argv": ["java", "-XX:+UseSerialGC", "-XX:MaxRAMPercentage=50", "-Dvit4j.log=WARN", "-jar", "$rapaio", "{connection_file}"],
 "display_name": "Java (rapaio)", "language": "java", "interrupt_mode": "message",
 "env": {"RJK_CLASSPATH": "$jar", "RJK_INIT_SCRIPT": "$notebooks/kernels/rapaio.jshell", "RJK_TIMEOUT_MILLIS": "-1"}}
JSON
  export JUPYTER_PATH=$(dirname "$jar")/jupyter${JUPYTER_PATH:+:$JUPYTER_PATH}
done
