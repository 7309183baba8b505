# shellcheck shell=bash
# Everything a command needs, brought about once: a Python environment from the lock file, Java, the Delta jars.
# The second start reads a stamp and three files, starts no Java or Python and needs no network.

PROJECT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
SPARK_LINE=${SPARK_APP_SPARK_LINE:-spark41}
CACHE=${SPARK_APP_CACHE:-$PROJECT_ROOT/.cache}
VENV=$PROJECT_ROOT/.venv
[[ $SPARK_LINE == spark41 ]] || VENV=$PROJECT_ROOT/.venv-$SPARK_LINE
LOCK_FILE=$PROJECT_ROOT/conf/locks/$SPARK_LINE.txt
SETUP_LOG=$PROJECT_ROOT/build/logs/setup.log

for part in output python java jars environment; do
  # shellcheck source=/dev/null
  source "$PROJECT_ROOT/scripts/lib/$part.sh"
done
unset part

# set_up EXTRA...: returns with everything in place and the variables exported that Spark and Python need.
set_up() {
  [[ -f $LOCK_FILE ]] || give_up 2 "set-up: there is no lock file for the Spark line $SPARK_LINE" "Known lines: spark41, spark35."
  is_ready "$@" || under_lock bring_about "$@"
  export_environment
}

is_ready() { has_packages "$@" && have_jars delta local && recall_java >/dev/null; }

bring_about() {
  is_ready "$@" && return  # another set-up did it while this one waited
  : >"$SETUP_LOG"
  ensure_environment "$@"
  recall_java >/dev/null || choose_java
  export_environment
  ensure_delta_jars
}

set_up_s3() { have_jars s3 || under_lock ensure_s3_jars; }

# under_lock COMMAND...: in a subshell, so that the lock ends with the command and no job inherits it.
under_lock() {
  mkdir -p "$CACHE" "${SETUP_LOG%/*}"
  if command -v flock >/dev/null; then
    (
      flock -n 9 || { say "set-up: another set-up is at work; waiting"; flock 9; }
      "$@"
    ) 9>"$CACHE/setup.lock"
  else
    (
      take_folder_lock
      trap 'rm -rf "$CACHE/setup.lock.d"' EXIT
      "$@"
    )
  fi
}

# Without flock (macOS) a folder is the lock; that of a killed set-up is taken over.
take_folder_lock() {
  local holder told=""
  until mkdir "$CACHE/setup.lock.d" 2>/dev/null; do
    holder=$(cat "$CACHE/setup.lock.d/pid" 2>/dev/null || true)
    if [[ -n $holder ]] && ! kill -0 "$holder" 2>/dev/null; then
      rm -rf "$CACHE/setup.lock.d"
      continue
    fi
    [[ -n $told ]] || say "set-up: another set-up is at work; waiting"
    told=yes
    sleep 1
  done
  printf '%s\n' "$$" >"$CACHE/setup.lock.d/pid"
}

spark_home() { printf '%s\n' "$VENV"/lib/python3.*/site-packages/pyspark; }

export_environment() {
  JAVA_HOME=$(recall_java)
  SPARK_HOME=$(spark_home)  # a SPARK_HOME from elsewhere would bring another Spark
  PATH=$VENV/bin:$PATH
  PYSPARK_PYTHON=${SPARK_APP_WORKER_PYTHON:-$VENV/bin/python}
  PYSPARK_DRIVER_PYTHON=$VENV/bin/python
  SPARK_APP_CACHE=$CACHE
  export JAVA_HOME SPARK_HOME PATH PYSPARK_PYTHON PYSPARK_DRIVER_PYTHON SPARK_APP_CACHE
}

# shown PATH: relative to the project where it lies inside.
shown() { printf '%s' "${1#"$PROJECT_ROOT"/}"; }
