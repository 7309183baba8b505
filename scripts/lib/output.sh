# shellcheck shell=bash
# What set-up says: one line per stage on standard error; everything else goes to the log.

say() { printf '%s\n' "$*" >&2; }

# give_up CODE WHAT REMEDY: ends the shell with an error in the form that spark-app uses.
give_up() {
  say "ERROR  $2"
  say "       $3"
  exit "$1"
}

microseconds() {
  # Some locales write a comma; macOS's bash 3.2 knows whole seconds only.
  local now=${EPOCHREALTIME:-$SECONDS.000000}
  printf '%s' "${now/[.,]/}"
}

# stage TEXT REMEDY COMMAND...: runs the command into the log and prints TEXT with its seconds; a failure ends set-up.
# Inside COMMAND `set -e` is off (it is tested), so commands return their failures themselves.
stage() {
  local text=$1 remedy=$2 started tenths lines
  shift 2
  started=$(microseconds)
  : >>"$SETUP_LOG"
  lines=$(wc -l <"$SETUP_LOG")
  printf 'set-up: %-66s' "$text" >&2
  printf '\n== %s\n' "$text" >>"$SETUP_LOG"
  if ! "$@" </dev/null >>"$SETUP_LOG" 2>&1; then
    printf ' failed\n' >&2
    stage_failed "$text" "$remedy" $((lines + 3))
  fi
  tenths=$((($(microseconds) - started) / 100000))
  printf ' [%3d.%ds]\n' $((tenths / 10)) $((tenths % 10)) >&2
}

# stage_failed TEXT REMEDY LINE: the stage's own output begins at that line of the log.
stage_failed() {
  local code=4 remedy=$2
  say "The last lines of $SETUP_LOG:"
  tail -n "+$3" "$SETUP_LOG" | tail -n 12 | cut -c 1-240 | sed 's/^/  | /' >&2
  if tail -n "+$3" "$SETUP_LOG" | grep -qiE 'no space left|quota exceeded'; then
    code=6 remedy="Free some disk space (set-up takes about 4 GB), then run the same command again."
  fi
  give_up "$code" "set-up: $1: failed" "$remedy"
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}
