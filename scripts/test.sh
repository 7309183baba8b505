#!/usr/bin/env bash
# Sets everything up, then runs every check and every test. Options go to pytest: scripts/test.sh -x -k sources
# With --check-only the tests are left out. SPARK_APP_TEST_WORKERS says in how many processes they run (2).
set -euo pipefail
# shellcheck source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

# check COMMAND...: quiet when it passes; remembers a failure and lets the other checks and the tests run.
check() {
  local told
  if told=$("$@" 2>&1); then
    printf 'passed: %s\n' "$*"
  else
    printf '%s\nFAILED: %s\n' "$told" "$*"
    FAILED+=("$*")
  fi
}

real_data() {
  local beside=$PROJECT_ROOT/../shared/data
  if [[ -z ${SPARK_APP_REAL_DATA:-} && -d $beside ]]; then
    SPARK_APP_REAL_DATA=$(cd "$beside" && pwd)
    export SPARK_APP_REAL_DATA
  fi
}

run_tests() {
  python -m pytest -rs --numprocesses "${SPARK_APP_TEST_WORKERS:-2}" --dist loadscope --no-loadscope-reorder "$@"
}

main() {
  local code=0
  FAILED=()
  set_up boost dev
  real_data
  cd "$PROJECT_ROOT"
  check ruff check .
  check ruff format --check .
  check mypy
  check lint-imports
  [[ ${1:-} == --check-only ]] || run_tests "$@" || code=$?
  [[ ${#FAILED[@]} -eq 0 ]] && exit "$code"
  printf 'FAILED: %s\n' "${FAILED[@]}" >&2
  exit 1
}

main "$@"
