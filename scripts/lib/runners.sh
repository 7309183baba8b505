# shellcheck shell=bash
# The ways to run a spark-app command. All end in spark_app.cli.main with the same arguments.

# run_local ARGUMENT...: replaces this shell by spark-app.
run_local() {
  prepare "$@"
  place_build "$@"
  exec "$VENV/bin/spark-app" "${PLACED[@]}"
}

# run_cluster ARGUMENT...: client mode; the code travels as a zip, so the workers need the packages but not the checkout.
run_cluster() {
  local zip options=()
  take_master "$@"
  [[ -n $MASTER && $MASTER != start && ${REST[0]:-} != start ]] || how_to_start
  [[ ${#REST[@]} -gt 0 ]] || give_up 2 "submit: which command?" "See: scripts/submit.sh --help"
  master_answers || give_up 4 "submit: no Spark master answers at $MASTER" "Start one: scripts/submit.sh cluster start"
  prepare "${REST[@]}"
  place_build "${REST[@]}"
  zip=$("$PROJECT_ROOT/scripts/package.sh" | sed 's/^[0-9a-f]*  //')
  spark_options
  exec "$SPARK_HOME/bin/spark-submit" --master "$MASTER" --deploy-mode client "${options[@]}" --py-files "$zip" \
    "$PROJECT_ROOT/spark_app/entrypoints/spark_submit.py" "${PLACED[@]}"
}

# prepare ARGUMENT...: sets JARS, the jars of this run with commas between.
prepare() {
  set_up
  JARS=$(jar_list delta)
  if names_s3 "$@"; then
    set_up_s3
    JARS+=,$(jar_list s3)
  fi
}

# place_build ARGUMENT...: sets PLACED. Paths that the user types mean what they mean where they are typed, yet tables,
# logs and runs land in the project's build folder. A --set run.build of the user comes later and so wins.
place_build() {
  PLACED=("$@")
  if [[ $PWD != "$PROJECT_ROOT" && $1 != -* ]]; then
    PLACED=("$1" --set "run.build=$PROJECT_ROOT/build" "${@:2}")
  fi
}

# take_master ARGUMENT...: sets MASTER, from --master or SPARK_APP_MASTER, and REST, the arguments without it.
take_master() {
  MASTER=${SPARK_APP_MASTER:-} REST=()
  while [[ $# -gt 0 ]]; do
    case $1 in
      --master) MASTER=${2:-}; shift ;;
      --master=*) MASTER=${1#--master=} ;;
      *) REST+=("$1") ;;
    esac
    [[ $# -eq 0 ]] || shift
  done
}

# master_answers: Spark itself would try for a minute, then end with a page of Java.
master_answers() {
  local address
  [[ $MASTER == spark://* ]] || return 0
  for address in $(tr ',' ' ' <<<"${MASTER#spark://}"); do
    if (exec 3<>"/dev/tcp/${address%:*}/${address##*:}") 2>/dev/null; then return 0; fi
  done
  return 1
}

# spark_options: fills the caller's `options` from the two Spark files, the cached jars and this machine's paths.
spark_options() {
  local name value
  while read -r name value; do
    [[ -z $name || $name == \#* ]] || options+=(--conf "$name=$value")
  done < <(cat "$PROJECT_ROOT/conf/spark/common.conf" "$PROJECT_ROOT/conf/spark/cluster.conf")
  options+=(--conf "spark.driver.extraJavaOptions=-Dlog4j2.configurationFile=file://$PROJECT_ROOT/conf/spark/log4j2.properties")
  # Workers on this machine must not depend on its name being resolved.
  case $MASTER in spark://127.0.0.1:* | spark://localhost:*) options+=(--conf spark.driver.host=127.0.0.1) ;; esac
  options+=(--jars "$JARS")
}

how_to_start() {
  local worker=".venv/bin/spark-class org.apache.spark.deploy.worker.Worker --cores 1 --memory 1g spark://127.0.0.1:7077 &"
  say "A standalone cluster is named by its URL: --master spark://host:7077, or SPARK_APP_MASTER."
  say "To start one on this machine, with two workers, after any scripts/submit.sh local command:"
  say "  cd $PROJECT_ROOT"
  say "  export JAVA_HOME=$(recall_java || printf '/path/to/jdk-17') SPARK_HOME=$(spark_home)"
  say "  .venv/bin/spark-class org.apache.spark.deploy.master.Master --host 127.0.0.1 --port 7077 &"
  say "  $worker"
  say "  $worker"
  say "  scripts/submit.sh cluster pipeline --master spark://127.0.0.1:7077"
  exit 2
}
