# shellcheck shell=bash
# The Java libraries of conf/locks/jars.txt, resolved once by Spark's own Ivy and kept in the cache.

# The jars of local runs lie beside Delta's.
jar_folder() { if [[ $1 == delta ]]; then printf %s "$CACHE/jars/$SPARK_LINE"; else printf %s "$CACHE/jars/$SPARK_LINE-$1"; fi; }

# jar_lines SET...: "coordinate sha256" of each jar of the sets, for this Spark line.
jar_lines() {
  local line set coordinate sum
  while read -r line set coordinate sum; do
    [[ $line == "$SPARK_LINE" && " $* " == *" $set "* ]] && printf '%s %s\n' "$coordinate" "$sum"
  done <"$PROJECT_ROOT/conf/locks/jars.txt"
  return 0
}

# io.delta:delta-storage:4.2.0 -> io.delta_delta-storage-4.2.0.jar, which is how Ivy names it.
jar_name() {
  local group artifact version
  IFS=: read -r group artifact version <<<"$1"
  printf '%s_%s-%s.jar' "$group" "$artifact" "$version"
}

have_jars() {
  local coordinate sum folder
  folder=$(jar_folder "$1")
  while read -r coordinate sum; do
    [[ -s $folder/$(jar_name "$coordinate") ]] || return 1
  done < <(jar_lines "$@")
}

# jar_list SET: the paths of the jars, with commas between.
jar_list() {
  local coordinate sum paths=""
  while read -r coordinate sum; do paths+=,$(jar_folder "$1")/$(jar_name "$coordinate"); done < <(jar_lines "$1")
  printf '%s' "${paths#,}"
}

# fetch_jars SET...: into the folder of the first; a jar gets its name only when it is whole and has the locked checksum.
fetch_jars() {
  local work=$CACHE/jars/part folder coordinate sum packages=""
  folder=$(jar_folder "$1")
  rm -rf "$work"
  mkdir -p "$work" "$folder" || return
  while read -r coordinate sum; do packages+=,$coordinate; done < <(jar_lines "$@")
  resolve_jars "${packages#,}" "$work" || return
  while read -r coordinate sum; do
    check_jar "$work/jars/$(jar_name "$coordinate")" "$sum" || return
  done < <(jar_lines "$@")
  while read -r coordinate sum; do
    mv "$work/jars/$(jar_name "$coordinate")" "$folder/" || return
  done < <(jar_lines "$@")
  rm -rf "$work"
}

resolve_jars() {
  # Of what these libraries depend on, Spark itself brings everything that this application reaches.
  local spared="io.unitycatalog:*,org.slf4j:*,org.apache.logging.log4j:*,org.antlr:*,com.fasterxml.jackson.*:*"
  spared+=",org.wildfly.openssl:*,software.amazon.s3.analyticsaccelerator:*"
  : >"$2/nothing.py"
  SPARK_CONF_DIR="$2" "$SPARK_HOME/bin/spark-submit" --master 'local[1]' --packages "$1" --exclude-packages "$spared" \
    --conf "spark.jars.ivy=$2" --conf spark.ui.enabled=false --conf spark.driver.host=127.0.0.1 \
    ${SPARK_APP_IVY_SETTINGS:+--conf "spark.jars.ivySettings=$SPARK_APP_IVY_SETTINGS"} "$2/nothing.py"
}

check_jar() {
  local found
  found=$(sha256 "$1") || return
  [[ ${found%% *} == "$2" ]] && return
  printf '%s\n' "The checksum of ${1##*/} is ${found%% *}, not $2 as conf/locks/jars.txt says."
  return 1
}

readonly JARS_REMEDY="Maven Central, or a mirror, must be reachable once. Behind a mirror, name your Ivy settings file: \
SPARK_APP_IVY_SETTINGS=/path/ivysettings.xml; then run the same command again."

ensure_delta_jars() {
  have_jars delta local || stage "Delta jars into $(shown "$(jar_folder delta)")" "$JARS_REMEDY" fetch_jars delta local
}

ensure_s3_jars() {
  have_jars s3 || stage "S3 jars (640 MB) into $(shown "$(jar_folder s3)")" "$JARS_REMEDY" fetch_jars s3
}

# names_s3 ARGUMENT...: true where a setting, or a settings file that is named, holds an S3 address. What starts no Spark
# reads S3 without these jars.
names_s3() {
  case ${1:-} in similar | jobs | config | runs | -*) return 1 ;; esac
  local argument previous=""
  for argument in "$@"; do
    case $argument in
      *s3://* | *s3a://*) return 0 ;;
      --conf=*) grep -qsE 's3a?://' "${argument#--conf=}" && return 0 ;;
    esac
    [[ $previous == --conf ]] && grep -qsE 's3a?://' "$argument" && return 0
    previous=$argument
  done
  return 1
}
