# shellcheck shell=bash
# Finds Java: JAVA_HOME, then the path, then the project's cache; else install-jdk fetches one there.
# Spark 4 needs a full JDK 17 or 21: the trimmed runtimes that some packages bring lack jdk.incubator.vector.

java_fits() {
  local modules
  local base='(^|[[:space:]])java\.base@(17|21)([.[:space:]]|$)'
  [[ -x $1/bin/java ]] || return 1
  modules=$("$1/bin/java" --list-modules 2>/dev/null </dev/null) || return 1
  [[ $modules =~ $base && $modules == *jdk.incubator.vector@* ]]
}

# java_homes: every home to try, best first.
java_homes() {
  local java
  [[ -z ${JAVA_HOME:-} ]] || printf '%s\n' "$JAVA_HOME"
  while IFS= read -r java; do
    # /usr/bin/java is a link, or on macOS a launcher; the runtime itself knows where it lives.
    "$java" -XshowSettings:properties -version 2>&1 </dev/null | sed -n 's/^ *java\.home = //p'
  done < <(type -aP java)
  printf '%s\n' "$CACHE"/jdk/*/ "$CACHE"/jdk/*/Contents/Home
}

find_java() {
  local home
  while IFS= read -r home; do
    if java_fits "${home%/}"; then
      printf '%s\n' "${home%/}"
      return 0
    fi
  done < <(java_homes)
  return 1
}

# remember_java HOME: keeps the choice with the JAVA_HOME it was made under, so that the next start need not look.
remember_java() {
  printf '%s\n%s\n' "${JAVA_HOME:-}" "$1" >"$CACHE/java-home.part" && mv "$CACHE/java-home.part" "$CACHE/java-home"
}

# recall_java: prints the remembered home where it still holds.
recall_java() {
  local asked home
  [[ -f $CACHE/java-home ]] || return 1
  { IFS= read -r asked && IFS= read -r home; } <"$CACHE/java-home" || return 1
  [[ -x $home/bin/java ]] || return 1
  [[ ${JAVA_HOME:-} == "$asked" || ${JAVA_HOME:-} == "$home" ]] && printf '%s\n' "$home"
}

fetch_java() {
  rm -rf "$CACHE"/jdk.part
  mkdir -p "$CACHE/jdk.part" || return
  "$VENV/bin/python" -c '
import socket, sys, jdk
socket.setdefaulttimeout(60)
try:
    print(jdk.install("17", path=sys.argv[1]))
except Exception as error:
    sys.exit(f"install-jdk could not fetch a JDK: {error}")' "$CACHE/jdk.part" || return
  rm -rf "$CACHE/jdk" && mv "$CACHE/jdk.part" "$CACHE/jdk" && find_java
}

choose_java() {
  local home
  if ! home=$(find_java); then
    stage "no full JDK 17 or 21 found; fetching 17 into $(shown "$CACHE/jdk")" \
      "Install a full JDK 17 or 21 (Debian: apt-get install openjdk-17-jdk-headless; macOS: brew install openjdk@17) \
or set JAVA_HOME to one, then run the same command again." fetch_java
    home=$(find_java)
  fi
  say "set-up: Java at $(shown "$home")"
  remember_java "$home"
}
