#!/usr/bin/env bash
# Builds dist/spark_app-<version>.zip, the code that a cluster runs, and prints its SHA-256 and path.
# The same tree gives the same bytes on any machine: sorted names, one date, one mode, nothing compressed.
set -euo pipefail
# shellcheck source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

version() { sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$PROJECT_ROOT/spark_app/__init__.py"; }

write_zip() {
  "$1" - "$PROJECT_ROOT" "$2" <<'PYTHON'
import sys
from pathlib import Path
from zipfile import ZipFile, ZipInfo

root, target = map(Path, sys.argv[1:])
found = sorted(
    (path.relative_to(root).as_posix(), path)
    for top in ("spark_app", "conf")
    for path in (root / top).rglob("*")
    if path.is_file()
)
with ZipFile(target, "w") as archive:
    for name, path in found:
        parts = name.split("/")
        if any(part.startswith(".") or part == "__pycache__" for part in parts):
            continue
        entry = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
        entry.create_system, entry.external_attr = 3, 0o100644 << 16
        archive.writestr(entry, path.read_bytes())
PYTHON
}

main() {
  local python=$VENV/bin/python target
  [[ -x $python ]] || python=$(find_python) || no_python
  target=$PROJECT_ROOT/dist/spark_app-$(version).zip
  mkdir -p "${target%/*}"
  # A run that reads the zip keeps reading the old file while another start replaces it.
  write_zip "$python" "$target.$$" && mv "$target.$$" "$target"
  sha256 "$target"
}

main "$@"
