"""The notebooks: they run on the sample catalogue's tables, show pictures, and define nothing of their own."""

from __future__ import annotations

import ast

import nbformat
import pytest
from nbclient import NotebookClient

from tests.scripts.project import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def code_of(notebook):
    """The source of each code cell, without IPython's own commands."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return ["\n".join(line for line in source.splitlines() if not line.startswith("%")) for source in sources]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_defines_nothing_and_holds_no_output(path):
    notebook = nbformat.read(path, as_version=4)
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    nodes = [node for source in code_of(notebook) for node in ast.walk(ast.parse(source))]
    assert not [ast.unparse(node) for node in nodes if isinstance(node, defined)]
    assert not any(cell.get("outputs") for cell in notebook.cells)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "pictures"), [("01_what_makes_a_genre", 5), ("02_similar_tracks", 6)])
def test_a_notebook_runs_on_the_tables_of_the_first_command(readme_run, monkeypatch, name, pictures):
    monkeypatch.setenv("SPARK_APP_ROOT", readme_run.lake)
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    done = NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == pictures
    assert not [output for output in outputs if output.output_type == "stream" and output.name == "stderr"]
