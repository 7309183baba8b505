"""A copy of the scripts in a folder of its own, with stand-ins for Python, Java and Spark that need no network."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = (
    "bash basename cat chmod cp cut dirname env flock grep head ls mkdir mv paste rm sed sha256sum sleep sort tail "
    "touch tr wc"
)

# Answers what set-up asks of Python, and writes down what it was asked. Files in $STATE make pip misbehave.
PYTHON = """#!/bin/bash
printf 'python %s\\n' "${*//$'\\n'/ }" >>"$STATE/calls"
site() { echo "${0%/bin/python}/lib/python3.11/site-packages"; }
case "$*" in
  -V) echo "Python 3.11.9" ;;
  *version_info*) exit 0 ;;
  *sys.prefix*) echo "${0%/bin/python}" ;;
  *jdk.install*) [[ -e $STATE/jdk ]] && cp -r "$STATE/jdk" "${@: -1}/jdk-17.0.1+1" ;;
  "-m venv --clear "*)
    rm -rf "$4" && mkdir -p "$4/bin" "$4/lib/python3.11/site-packages/pyspark/bin" && cp "$0" "$4/bin/python"
    echo "version = 3.11.9" >"$4/pyvenv.cfg"
    [[ -e $STATE/spark-submit ]] && cp "$STATE/spark-submit" "$4/lib/python3.11/site-packages/pyspark/bin/"
    echo "#!$4/bin/python" >"$4/bin/pip" ;;
  *--editable*)
    if [[ -e $STATE/pip-is-slow ]]; then sleep 1; fi
    if [[ -e $STATE/pip-fails-at-once ]]; then echo "Could not find a version"; exit 1; fi
    sleep 0.05; touch "$(site)/written-$RANDOM"
    if [[ -e $STATE/disk-is-full ]]; then echo "OSError: [Errno 28] No space left on device"; exit 1; fi
    if [[ -e $STATE/pip-is-killed ]]; then kill -9 $PPID; exit 1; fi ;;
esac
"""


# Puts the files of $STATE/maven where Spark's Ivy would put the jars it resolved, and one that nobody asked for.
SPARK_SUBMIT = """#!/bin/bash
printf 'spark-submit %s\\n' "$*" >>"$STATE/calls"
for argument in "$@"; do
  case $argument in spark.jars.ivy=*) ivy=${argument#spark.jars.ivy=} ;; esac
done
mkdir -p "$ivy/jars" && cp "$STATE"/maven/* "$ivy/jars/" && touch "$ivy/jars/org.other_thing-1.jar"
"""


@dataclass
class Project:
    """A project folder below ``tmp_path`` and the environment its scripts run in.

    Attributes:
        home: The project.
        bin: The one folder on the path, with the few tools that the scripts use.
        state: Where the stand-ins look for orders and write their calls.
    """

    home: Path
    bin: Path
    state: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def cache(self) -> Path:
        return self.home / ".cache"

    def run(self, *command: str, **options: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project with nothing but the stand-ins on the path."""
        return subprocess.run(
            command,
            cwd=options.pop("cwd", str(self.home)),
            env={"PATH": str(self.bin), "STATE": str(self.state), "HOME": str(self.state), **self.variables, **options},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def bash(self, snippet: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a snippet with the libraries of set-up loaded."""
        return self.run("bash", "-c", f"set -euo pipefail; source scripts/lib/setup.sh; {snippet}", **variables)

    def set_up(self, *extras: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.bash(f"set_up {' '.join(extras)}; echo ready", **variables)

    def calls(self, containing: str = "") -> list[str]:
        """What the stand-ins were asked since this was last read."""
        log = self.state / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [line for line in lines if containing in line]

    def order(self, name: str) -> Path:
        (self.state / name).touch()
        return self.state / name

    def add_python(self, name: str, text: str = PYTHON) -> Path:
        return executable(self.bin / name, text)

    def add_jars(self) -> None:
        folder = self.cache / "jars" / "spark41"
        folder.mkdir(parents=True)
        for line in (ROOT / "conf/locks/jars.txt").read_text().splitlines():
            if line.startswith(("spark41 delta ", "spark41 local ")):
                group, artifact, version = line.split()[2].split(":")
                (folder / f"{group}_{artifact}-{version}.jar").write_text("a jar")

    def add_maven(self, jars: dict[str, str]) -> None:
        """Offer jars, given as coordinate and content, for download, and lock their checksums."""
        executable(self.state / "spark-submit", SPARK_SUBMIT)
        locked = []
        for coordinate, content in jars.items():
            group, artifact, version = coordinate.split(":")
            file = self.state / "maven" / f"{group}_{artifact}-{version}.jar"
            file.parent.mkdir(exist_ok=True)
            file.write_text(content)
            locked.append(f"spark41 delta {coordinate} {hashlib.sha256(content.encode()).hexdigest()}")
        (self.home / "conf/locks/jars.txt").write_text("# line set coordinate sum\n" + "\n".join(locked) + "\n")


def make_project(folder: Path) -> Project:
    project = Project(folder / "project", folder / "bin", folder / "state")
    for name in (project.home, project.bin, project.state):
        name.mkdir()
    for name in ("scripts", "conf"):
        shutil.copytree(ROOT / name, project.home / name)
    for name in ("pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, project.home)
    for tool in TOOLS.split():
        found = shutil.which(tool)
        if found:
            (project.bin / tool).symlink_to(found)
    return project


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def java_home(folder: Path, version: str, modules: tuple[str, ...] = ("jdk.incubator.vector",)) -> Path:
    """A folder whose ``bin/java`` lists modules as Java of that version does, and writes down that it ran."""
    listed = "\\n".join(f"{name}@{version}" for name in ("java.base", *modules))
    executable(
        folder / "bin" / "java",
        f"""#!/bin/bash
[[ -z ${{STATE:-}} ]] || echo "java $*" >>"$STATE/calls"
case $1 in
  --list-modules) printf '{listed}\\n' ;;
  -XshowSettings*) echo "    java.home = {folder}" >&2 ;;
esac
""",
    )
    return folder


def path_of(*folders: Path) -> str:
    return os.pathsep.join(map(str, folders))
