# shellcheck shell=bash
# The Python environment. Its stamp, written last, says for which lock file and extras it was made. While packages are
# written the stamp lies outside as "unfinished": whoever finds it there knows that a set-up was killed, and starts over.

stamp_file() { printf '%s' "$VENV/.spark-app-stamp"; }
unfinished_file() { printf '%s' "$CACHE/unfinished-${VENV##*/}"; }

# stamp_key: a hash of everything that decides what the environment holds; its path too, since scripts name it.
stamp_key() {
  local sum
  sum=$({
    printf '%s\n' "$VENV"
    grep '^version' "$VENV/pyvenv.cfg"
    cat "$LOCK_FILE" "$PROJECT_ROOT/pyproject.toml" "$PROJECT_ROOT/setup.py"
  } 2>/dev/null | sha256)
  printf '%s' "${sum%% *}"
}

# stamped_extras: the extras that the stamp (or the unfinished set-up) names.
stamped_extras() { sed -n 's/^extras=//p' "$(stamp_file)" "$(unfinished_file)" 2>/dev/null | tr '\n' ' '; }

# has_packages EXTRA...: true where the stamp fits today's files and has every extra.
has_packages() {
  local key="" extras="" extra
  [[ -x $VENV/bin/python && -f $(stamp_file) ]] || return 1
  { IFS= read -r key && IFS= read -r extras; } <"$(stamp_file)" || return 1
  [[ $key == "key=$(stamp_key)" ]] || return 1
  for extra in "$@"; do
    [[ " ${extras#extras=} " == *" $extra "* ]] || return 1
  done
}

ensure_environment() {
  has_packages "$@" && return
  local extras
  extras=$(printf '%s ' "$@" "$(stamped_extras)" | tr -s ' ' '\n' | sort -u | sed '/^$/d' | paste -sd ' ' -)
  ensure_venv
  stage "packages of conf/locks/${LOCK_FILE##*/}${extras:+, with $extras}" \
    "The package index must be reachable once (pip's own settings and proxy variables apply); then run the same command again." \
    install_packages "$extras"
}

# ensure_venv: an environment that is unfinished, or ours and broken or moved, is made anew; another's is used as it is.
ensure_venv() {
  local python
  if [[ -e $(unfinished_file) ]] || { [[ -f $(stamp_file) ]] && ! venv_holds; }; then
    : >>"$(unfinished_file)"
  elif [[ -e $VENV ]]; then
    python_works "$VENV/bin/python" && return
    give_up 2 "set-up: $VENV exists, is not ours, and holds no working Python 3.11 to 3.$(newest_python)" "Move it away, then run again."
  fi
  python=$(find_python) || no_python
  : >>"$(unfinished_file)"
  stage "$("$python" -V 2>&1) into $(shown "$VENV")" "Is the disk writable? Then run the same command again." \
    "$python" -m venv --clear "$VENV"
}

# The scripts of an environment name its path, so one that was moved or copied does not hold.
venv_holds() {
  python_works "$VENV/bin/python" && [[ "$("$VENV/bin/python" -c 'import sys; print(sys.prefix)')" == "$VENV" ]] &&
    grep -qsF "$VENV/bin/" "$VENV/bin/pip"
}

# install_packages "EXTRA EXTRA"
install_packages() {
  local extras=${1// /,}
  if [[ -f $(stamp_file) ]]; then mv "$(stamp_file)" "$(unfinished_file)" || return; fi
  touch "$(unfinished_file)" || return
  if run_pip "$extras"; then
    printf 'key=%s\nextras=%s\n' "$(stamp_key)" "$1" >"$(unfinished_file)" && mv "$(unfinished_file)" "$(stamp_file)"
    return
  fi
  put_stamp_back
  return 1
}

run_pip() {
  local pip=("$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --constraint "$LOCK_FILE")
  # The build tools come first and from the lock too: an isolated build would fetch its own, unpinned.
  "${pip[@]}" setuptools wheel && "${pip[@]}" --no-build-isolation --editable "$PROJECT_ROOT${1:+[$1]}"
}

# pip downloads everything before it writes. Where it failed before that, the environment is as it was, so a test run
# without network does not cost the jobs their environment.
put_stamp_back() {
  local site
  site=$(printf '%s\n' "$VENV"/lib/python3.*/site-packages)
  if [[ $site -nt $(unfinished_file) ]]; then return; fi
  if [[ -s $(unfinished_file) ]]; then mv "$(unfinished_file)" "$(stamp_file)"; else rm -f "$(unfinished_file)"; fi
}
