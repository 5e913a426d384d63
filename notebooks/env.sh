# Sourced by start.sh and checks/notebooks.sh: builds vit4j and configures the Java kernels (class path, startup script, memory).
notebooks=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$notebooks/../vit4j" --version >/dev/null # builds if necessary
jar=$(CDPATH= cd "$notebooks/.." && pwd)/target/vit4j.jar

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

# Writes the kernel spec of BeakerX's Java kernel, if its package is installed: its own has an absolute path of the class path only
# after 'beakerx_kernel_java install', which needs notebook 6. vit4j.jar must come first: the kernel's lib has Jackson 2.6, which
# cannot read records, and log4j 1.2.
beakerx_kernel() {
  local lib spec
  lib=$(python3 -c 'import importlib.util as u; s = u.find_spec("beakerx_java"); print(s.submodule_search_locations[0] if s else "")') || return 1
  [ -d "$lib/kernel/lib" ] || return 1
  spec=$(dirname "$jar")/jupyter/kernels/beakerx
  mkdir -p "$spec"
  cat >"$spec/kernel.json" <<JSON
{"argv": ["java", "-XX:+UseSerialGC", "-XX:MaxRAMPercentage=50", "-Dvit4j.log=WARN",
          "-Dlogback.configurationFile=org/vit4j/machine/program-logback.xml", "-cp", "$jar:$lib/kernel/lib/*",
          "com.twosigma.beakerx.javash.kernel.Java", "{connection_file}"],
 "display_name": "Java (BeakerX)", "language": "java", "interrupt_mode": "message", "env": {"PS1": "java>"}}
JSON
  case ":${JUPYTER_PATH:-}:" in *":$(dirname "$jar")/jupyter:"*) ;; *)
    export JUPYTER_PATH=$(dirname "$jar")/jupyter${JUPYTER_PATH:+:$JUPYTER_PATH} ;;
  esac
}
