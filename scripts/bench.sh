#!/usr/bin/env bash
# Runs every benchmark, or those that are named: scripts/bench.sh genre_forest. Each writes its results/<name>.json.
set -euo pipefail
# shellcheck source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

main() {
  local file
  set_up boost
  cd "$PROJECT_ROOT"
  if [[ $# -eq 0 ]]; then
    for file in $(grep -l '^def main' benchmarks/*.py); do
      file=${file##*/}
      set -- "$@" "${file%.py}"
    done
  fi
  for file in "$@"; do python -m "benchmarks.$file"; done
}

main "$@"
