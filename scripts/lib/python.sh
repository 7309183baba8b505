# shellcheck shell=bash
# Finds a Python that works. A name on the path proves nothing: pyenv's shims exist for versions that are switched off,
# and Debian's python3 may lack the modules that make an environment.

# find_python: prints the first working Python of the path, 3.11 first; SPARK_APP_PYTHON names another.
find_python() {
  local name candidate
  if [[ -n ${SPARK_APP_PYTHON:-} ]]; then
    python_works "$SPARK_APP_PYTHON" && command -v "$SPARK_APP_PYTHON"
    return
  fi
  for name in python3.11 python3.12 python3.13 python3 python; do
    while IFS= read -r candidate; do
      if python_works "$candidate"; then
        printf '%s\n' "$candidate"
        return 0
      fi
    done < <(type -aP "$name")
  done
  return 1
}

# The Spark 3.5 line was resolved and tested on 3.11 only.
newest_python() { if [[ $SPARK_LINE == spark35 ]]; then printf 11; else printf 13; fi; }

python_works() {
  "$1" -c "
import sys, venv, ensurepip
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $(newest_python)))" >/dev/null 2>&1 </dev/null
}

no_python() {
  local versions
  versions="3.11 to 3.$(newest_python)"
  if [[ -n ${SPARK_APP_PYTHON:-} ]]; then
    give_up 4 "set-up: SPARK_APP_PYTHON=$SPARK_APP_PYTHON is no working Python $versions with venv" "Name another, or unset it."
  fi
  give_up 4 "set-up: no working Python $versions with venv is on the path" \
    "Install one (Debian: apt-get install python3.11 python3.11-venv), or name it: SPARK_APP_PYTHON=/path/to/python3"
}
