#!/usr/bin/env bash
# Sets up what is missing, then runs a spark-app command. docs/setup.md tells what is set up and where.
set -euo pipefail
# shellcheck source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source=lib/runners.sh
source "$PROJECT_ROOT/scripts/lib/runners.sh"

usage() {
  cat <<'TEXT'
usage: scripts/submit.sh <local|cluster> <command> [options]

  local     Spark inside one process on this machine
  cluster   a standalone cluster: --master spark://host:7077, or SPARK_APP_MASTER

<command> is a job, pipeline, or anything else that spark-app knows.

examples:
  scripts/submit.sh local pipeline
  scripts/submit.sh local pipeline --set sources.tracks=data/tracks.csv --set sources.artists=data/artists.csv
  scripts/submit.sh cluster pipeline --master spark://127.0.0.1:7077
  scripts/submit.sh local --help
TEXT
}

main() {
  local runner=${1:-}
  case $runner in
    -h | --help | help) usage ;;
    local | cluster)
      shift
      [[ $# -gt 0 ]] || { usage >&2; exit 2; }
      "run_$runner" "$@"
      ;;
    emr | emr-serverless | glue)
      give_up 2 "submit: this version cannot submit to $runner yet" "Runners: local, cluster."
      ;;
    "") usage >&2; exit 2 ;;
    *) give_up 2 "submit: there is no runner $runner" "Runners: local, cluster. See: scripts/submit.sh --help" ;;
  esac
}

main "$@"
