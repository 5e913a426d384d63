# Sourced by start.sh and checks/notebooks.sh: builds vit4j and configures the Java kernels (class path, startup script, memory).
notebooks=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$notebooks/../vit4j" --version >/dev/null # builds if necessary
jar=$(cd "$notebooks/.." && pwd)/target/vit4j.jar

# Half of the machine's memory, since JavaCPP allows off-heap arrays as much memory as the heap.
# Log level WARN, since Jupyter shows the log in the cell.
options="-XX:+UseSerialGC -XX:MaxRAMPercentage=50 -Dvit4j.log=WARN -Dlogback.configurationFile=org/vit4j/machine/program-logback.xml"

# Read by JJava.
export JJAVA_CLASSPATH=$jar JJAVA_STARTUP_SCRIPTS_PATH=$notebooks/kernels/jjava.jshell JJAVA_JVM_OPTS=$options

# rapaio's kernel has no installer, so its kernel spec is written here if its jar is in the local Maven repository.
for rapaio in "$HOME"/.m2/repository/io/github/padreati/rapaio-jupyter-kernel/*/*.jar; do
  [ -f "$rapaio" ] || continue
  spec=$(dirname "$jar")/jupyter/kernels/rapaio
  mkdir -p "$spec"
  cat >"$spec/kernel.json" <<JSON
{"argv": ["java", "-XX:+UseSerialGC", "-XX:MaxRAMPercentage=50", "-Dvit4j.log=WARN",
          "-Dlogback.configurationFile=org/vit4j/machine/program-logback.xml", "-jar", "$rapaio", "{connection_file}"],
 "display_name": "Java (rapaio)", "language": "java", "interrupt_mode": "message",
 "env": {"RJK_CLASSPATH": "$jar", "RJK_INIT_SCRIPT": "$notebooks/kernels/rapaio.jshell", "RJK_TIMEOUT_MILLIS": "-1"}}
JSON
  export JUPYTER_PATH=$(dirname "$jar")/jupyter${JUPYTER_PATH:+:$JUPYTER_PATH}
done
