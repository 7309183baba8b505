"""Which Python an environment is made from."""

from __future__ import annotations

import sys

import pytest

from tests.scripts.project import Project

BROKEN_SHIM = "#!/bin/bash\necho 'pyenv: python3.11: command not found' >&2; exit 127\n"
WORKING = "#!/bin/bash\nexit 0\n"


def pretending(version: tuple[int, int]) -> str:
    """A real interpreter that takes itself for another version."""
    code = f"import sys; sys.version_info = {(*version, 1)}; exec(sys.argv[1])"
    return f'#!/bin/bash\nexec {sys.executable} -c "{code}" "$2"\n'


def test_a_shim_that_fails_is_passed_over_for_the_same_name_further_along_the_path(project: Project):
    project.add_python("python3.11", BROKEN_SHIM)
    other = project.state / "other"
    other.mkdir()
    (other / "python3.11").write_text(WORKING)
    (other / "python3.11").chmod(0o755)

    found = project.bash("find_python", PATH=f"{project.bin}:{other}")

    assert found.stdout.strip() == str(other / "python3.11")


@pytest.mark.parametrize(
    ("working", "chosen"),
    [
        (["python3", "python3.13", "python3.12", "python3.11"], "python3.11"),
        (["python3", "python3.13", "python3.12"], "python3.12"),
        (["python3", "python3.13"], "python3.13"),
        (["python3"], "python3"),
    ],
)
def test_older_supported_versions_come_first_and_plain_python3_last(project: Project, working, chosen):
    project.add_python("python3.11", BROKEN_SHIM)
    for name in working:
        project.add_python(name, WORKING)

    assert project.bash("find_python").stdout.strip().endswith(f"/{chosen}")


@pytest.mark.parametrize(
    ("version", "line", "works"),
    [
        ((3, 10), "spark41", False),
        ((3, 11), "spark41", True),
        ((3, 13), "spark41", True),
        ((3, 14), "spark41", False),
        ((3, 11), "spark35", True),
        ((3, 12), "spark35", False),
    ],
)
def test_a_python_works_when_the_lock_file_of_the_line_was_tested_on_it(project: Project, version, line, works):
    project.add_python("python3", pretending(version))

    assert (project.bash("find_python", SPARK_APP_SPARK_LINE=line).returncode == 0) is works


def test_without_any_python_one_message_says_what_to_install(project: Project):
    project.add_python("python3", pretending((3, 9)))

    done = project.run("bash", "scripts/submit.sh", "local", "doctor")

    assert done.returncode == 4
    assert done.stderr.splitlines() == [
        "ERROR  set-up: no working Python 3.11 to 3.13 with venv is on the path",
        "       Install one (Debian: apt-get install python3.11 python3.11-venv), "
        "or name it: SPARK_APP_PYTHON=/path/to/python3",
    ]


def test_a_named_python_is_used_or_refused_but_never_replaced_by_another(project: Project):
    project.add_python("python3.11", WORKING)
    mine = project.add_python("mine", WORKING)
    broken = project.add_python("broken", BROKEN_SHIM)

    assert project.bash("find_python", SPARK_APP_PYTHON=str(mine)).stdout.strip() == str(mine)
    refused = project.set_up(SPARK_APP_PYTHON=str(broken))
    assert refused.returncode == 4
    assert f"SPARK_APP_PYTHON={broken}" in refused.stderr
