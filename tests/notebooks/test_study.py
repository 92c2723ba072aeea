"""The worked notebook runs from its first cell to its last over the bundled study."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbclient
import nbclient.exceptions
import nbformat
import pytest
from sqlalchemy import Engine

from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.report import open_study
from tests.conftest import FIXTURES, ROOT
from tests.replay.test_reviews import dsn_of

NOTEBOOK = ROOT / "notebooks" / "study.ipynb"


def executed(dsn: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The notebook after a run over a database, in a process of its own."""
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))  # nobody's own start-up files
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "runtime"))
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(
        notebook,
        timeout=120,
        startup_timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    return notebook


@pytest.fixture
def run(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    replay([FIXTURES / "study"], dsn_of(engine))
    return executed(dsn_of(engine), tmp_path, monkeypatch)


@pytest.mark.slow
def test_every_cell_runs_and_says_what_is_true(run: Any, engine: Engine) -> None:
    code = [cell for cell in run.cells if cell.cell_type == "code"]
    shown = {
        cell.source.splitlines()[-1]: "".join(
            str(output.get("data", {}).get("text/plain", "")) for output in cell.outputs
        )
        for cell in code
    }
    assert shown["s.markets"] == "('dream', 'wall_street', 'empire')"
    belgian = next(text for source, text in shown.items() if source.startswith("belgian.frame["))
    for vendor in ("LowlandLeaf", "ArdennesPost", "PolderPeak"):
        assert vendor in belgian
    assert "Bergwind" not in belgian  # from Germany
    assert "Lowland leaf 5g, outdoor" in belgian
    assert not [o for cell in code for o in cell.outputs if o.output_type in ("error", "stream")]
    assert all(cell.outputs for cell in code[:-1])  # each shows something
    with open_study(dsn_of(engine)) as of_report:  # the same period, and so the same numbers
        (output,) = next(cell for cell in code if cell.source.endswith("turnover")).outputs
        again = of_report.turnover(country="BE", by="all")
        assert output["data"]["text/html"] == again._repr_html_()


@pytest.mark.slow
def test_an_empty_database_is_named(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(nbclient.exceptions.CellExecutionError) as stopped:
        executed(dsn_of(engine), tmp_path, monkeypatch)
    said = str(stopped.value)
    assert f"/{engine.url.database} holds no captures: replay pages into it" in said
    assert "CRYPTODRUG_DATA_DIR" in said
    assert str(engine.url.password) not in said


def test_it_is_kept_without_outputs() -> None:
    """So that a change of it is a change of its text."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
