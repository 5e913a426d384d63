# Sourced by ./vit4j of a checkout and by bin/vit4j of the distribution: finds Java and starts the program with the environment
# and the options that it needs. Bash 3.2 or newer.

fail() { echo "vit4j: $1" >&2; exit 1; }

# A file behind its symbolic links: older systems have no "readlink -f".
real() {
  local file=$1 link
  while [ -L "$file" ]; do
    link=$(readlink "$file")
    case $link in /*) file=$link ;; *) file=$(dirname "$file")/$link ;; esac
  done
  echo "$file"
}

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
command -v "$java" >/dev/null 2>&1 || fail "no Java found; install Java 17 or newer, or set JAVA_HOME"

# From the file next to Java, which is faster than starting it; macOS has a stub without one.
runtime=$(CDPATH= cd "$(dirname "$(real "$(command -v "$java")")")/.." && pwd)
version=$(sed -n 's/^JAVA_VERSION="\([0-9.]*\).*/\1/p' "$runtime/release" 2>/dev/null || true)
if [ -z "$version" ]; then version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9.]*\).*/\1/p'); fi
case ${version%%.*} in
  '' | *[!0-9]*) fail "$java does not say its version; install Java 17 or newer, or set JAVA_HOME" ;;
esac
[ "${version%%.*}" -ge 17 ] || fail "Java $version found at $java; install Java 17 or newer, or set JAVA_HOME"

writable() { mkdir -p "$1" 2>/dev/null && [ -w "$1" ]; }

# The home that Java sees, which is not $HOME but that of the list of users.
home() {
  local entry
  entry=$(getent passwd "$(id -u)" 2>/dev/null) && echo "$entry" | cut -d: -f6 && return
  if command -v getent >/dev/null 2>&1; then echo /nonexistent; else echo "${HOME:-/nonexistent}"; fi
}

# The CPU quotas of the process's control groups, versions 1 and 2, and of the groups around them: "quota period".
quotas() {
  local controllers path top directory
  [ -r /proc/self/cgroup ] || return 0
  while IFS=: read -r _ controllers path; do
    case ,$controllers, in
      ,,) top=/sys/fs/cgroup ;;
      *,cpu,*) top=/sys/fs/cgroup/cpu; [ -d "$top" ] || top=/sys/fs/cgroup/cpu,cpuacct ;;
      *) continue ;;
    esac
    directory=${top}${path%/}
    [ -d "$directory" ] || directory=$top # a container sees its own group at the top
    while :; do
      if [ -r "$directory/cpu.max" ]; then cat "$directory/cpu.max"
      elif [ -r "$directory/cpu.cfs_quota_us" ]; then
        paste -d ' ' "$directory/cpu.cfs_quota_us" "$directory/cpu.cfs_period_us"
      fi
      case $directory in "$top") break ;; *) directory=${directory%/*} ;; esac
    done
  done </proc/self/cgroup
}

# Processors that this process may use: its affinity, and the quota rounded up.
processors() {
  local all
  all=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
  quotas | awk -v n="$all" '$1 + 0 > 0 && $2 + 0 > 0 { q = int(($1 + $2 - 1) / $2); if (q < n) n = q } END { print n }'
}

# The archive of the classes of a jar: next to the jar, with a name that depends on Java and on both paths. Empty if this Java
# has no archive of its own classes, without which it cannot map another one.
#   $1  the jar, as in the command line
archive_of() {
  [ -r "$runtime/release" ] && [ -r "$runtime/lib/server/classes.jsa" ] || return 0
  local key
  key=$({ echo "$runtime $1"; cat "$runtime/release"; } | cksum)
  echo "${1%.jar}-${key%% *}.jsa"
}

# Adds the archive that archive.sh has made to "flags", unless the options of the user affect classes or archives. Java checks
# that it fits, and starts without it otherwise; its warnings would go to standard output.
#   $1  the jar, as in the command line
share_classes() {
  local archive
  archive=$(archive_of "$1")
  if [ -z "$archive" ] || [ ! "$archive" -nt "$1" ]; then return 0; fi
  if echo "$user_options" | grep -Eq -e '-Xshare|Archive|-javaagent|-agent|--patch-module|--upgrade-module-path'; then return 0; fi
  flags+=("-XX:SharedArchiveFile=$archive" '-Xlog:cds*=off')
}

# Adds to "flags" that Java compiles quickly instead of well, if the command has too little work to profit from the latter: it
# describes something, or predicts at most eight images, for which the network is native code.
#   $@  the command line of vit4j
compile_quickly() {
  local word files=0
  case ${1:-} in
    predict)
      for word in "${@:2}"; do
        case $word in
          - | @* | --list | --list=* | --spark | --spark=* | *.npy) return 0 ;; # any number of images
          -*) ;;
          *) if [ -d "$word" ]; then return 0; fi; files=$((files + 1)) ;;
        esac
      done
      [ "$files" -le 9 ] || return 0 ;; # with the model
    '' | help | models | summary | -*) ;;
    *) return 0 ;;
  esac
  flags+=(-XX:TieredStopAtLevel=1)
}

# Sets the environment, the array "flags" and "user_options", all options that the user gives to Java.
#   $1  directory for unpacked native libraries if the home cannot be written
prepare() {
  # OpenMP reads these when it loads, so Java cannot set them. A thread that waits for work spins for about 10 microseconds,
  # as long as going to sleep and waking up take, and not for milliseconds: other processes need the processor. ACTIVE is for
  # processes in which several threads run kernels: GNU's OpenMP does not spin at all there with the other policy.
  # ND4J reads one number of threads, and OpenMP a list for nested regions, which there are none of.
  if [ -n "${OMP_NUM_THREADS:-}" ]; then
    local threads=${OMP_NUM_THREADS%%,*}
    threads=${threads#"${threads%%[![:space:]]*}"} # without spaces before it
    threads=${threads%"${threads##*[![:space:]]}"} # and after it
    case $threads in '' | *[!0-9]* | ??????*) threads=0 ;; esac
    [ "$threads" -ge 1 ] || fail "OMP_NUM_THREADS=$OMP_NUM_THREADS: expected a number of threads, 1 to 99999"
    export OMP_NUM_THREADS=$threads
  else
    export OMP_NUM_THREADS=$(processors)
  fi
  if [ -z "${OMP_WAIT_POLICY:-}" ]; then export OMP_WAIT_POLICY=ACTIVE GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-1000}; fi

  # In a locale of ASCII, Java cannot open files with other characters in their names.
  if [ "$(locale charmap 2>/dev/null)" = ANSI_X3.4-1968 ]; then
    for utf8 in C.UTF-8 en_US.UTF-8; do
      if [ "$(LC_ALL=$utf8 locale charmap 2>/dev/null)" = UTF-8 ]; then export LC_ALL=$utf8; break; fi
    done
  fi

  # A step leaves a little garbage: a small young generation is touched whole soon, and memory stops growing. Java stops when
  # two collectors are chosen, so one that the user chose, in any way that Java reads, replaces ours.
  local options utf8 word file unpacked directory
  options="${JAVA_TOOL_OPTIONS:-} ${JDK_JAVA_OPTIONS:-} ${_JAVA_OPTIONS:-} ${VIT4J_JAVA_OPTS:-}"
  set -f
  for word in $options; do
    case $word in
      @*) file=${word#@} ;;
      -XX:VMOptionsFile=*) file=${word#*=} ;;
      *) continue ;;
    esac
    if [ -r "$file" ]; then options="$options $(cat "$file")"; fi
  done
  set +f
  user_options=$options
  flags=(-XX:+UseSerialGC -Xmn16m)
  if echo "$options" | grep -Eq -e '-XX:\+Use[A-Za-z0-9]+GC($|[^A-Za-z0-9])'; then flags=(); fi
  # JavaCPP loads native libraries and uses sun.misc.Unsafe; newer versions of Java warn of both.
  if [ "${version%%.*}" -ge 22 ]; then flags+=(--enable-native-access=ALL-UNNAMED); fi
  if [ "${version%%.*}" -ge 23 ]; then flags+=(--sun-misc-unsafe-memory-access=allow); fi

  # Native libraries (about 500 MB) are unpacked once, by the names and versions of their jars, where all of JavaCPP's programs
  # look for them; in the given directory or among temporary files if the home cannot be written.
  case $options in
    *javacpp.cachedir*) ;;
    *)
      unpacked=${TMPDIR:-/tmp}/vit4j-natives-$(id -u)
      for directory in "$(home)/.javacpp/cache" "${HOME:-/nonexistent}/.javacpp/cache" "$1"; do
        if writable "$directory"; then unpacked=$directory; break; fi
      done
      writable "$unpacked" || fail "$unpacked cannot be written; set TMPDIR to a directory of yours"
      flags+=("-Dorg.bytedeco.javacpp.cachedir=$unpacked")
      ;;
  esac

  # OpenCV reports its missing plugins on standard error.
  export OPENCV_LOG_LEVEL=${OPENCV_LOG_LEVEL:-SILENT}
  # ND4J frees arrays, and resident memory grows all the same, it seems by holes that glibc keeps; from 1 MB on they go back.
  export MALLOC_MMAP_THRESHOLD_=${MALLOC_MMAP_THRESHOLD_:-1048576}
  # With this, glibc 2.35 and newer asks Linux for huge pages, whose addresses the processor translates in less time.
  export GLIBC_TUNABLES=${GLIBC_TUNABLES:-glibc.malloc.hugetlb=1}
  flags+=(-XX:TieredStopAtLevel=4 -Xshare:auto)
  if [ -t 2 ]; then flags+=(-Dvit4j.terminal=true); else flags+=(-Dvit4j.terminal=false); fi
}
