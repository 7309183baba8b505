from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.project import Project, java_home, make_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The scripts alone: no Python, no Java, no jars."""
    return make_project(tmp_path)


@pytest.fixture
def ready_project(project: Project, tmp_path: Path) -> Project:
    """A project with Python, Java and jars at hand, set up once for the jobs."""
    project.add_python("python3.11")
    project.add_jars()
    project.variables["JAVA_HOME"] = str(java_home(tmp_path / "jdk17", "17.0.9"))
    done = project.set_up()
    assert done.returncode == 0, done.stderr
    project.calls()
    return project
