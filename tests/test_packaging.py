"""The package: what its wheel holds, and the version and licence that it states."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from importlib.metadata import packages_distributions

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder

from cryptodrug_scraper import __version__
from parsers import markets
from tests.conftest import ROOT

PACKAGES = ("cryptodrug_scraper", "parsers", "spiders", "migrations")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    folder = tmp_path_factory.mktemp("dist")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return zipfile.Path(zipfile.ZipFile(built))


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.Path) -> Message:
    about = wheel / f"cryptodrug_scraper-{__version__}.dist-info" / "METADATA"
    return Parser().parsestr(about.read_text("utf-8"))


def sources(folder: str) -> set[str]:
    """The modules of one of the checkout's packages."""
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py")}


def test_the_wheel_holds_the_product_and_nothing_else(wheel: zipfile.Path) -> None:
    names = set(wheel.root.namelist())
    top = {name.partition("/")[0] for name in names}
    assert top == {*PACKAGES, f"cryptodrug_scraper-{__version__}.dist-info"}
    assert {name for name in names if name.endswith(".py")} == set().union(*map(sources, PACKAGES))
    for package in ("cryptodrug_scraper", "parsers", "spiders"):
        assert f"{package}/py.typed" in names
    for market in markets():
        assert {f"parsers/{market}.py", f"spiders/{market}.py"} <= names
    assert any(name.startswith("migrations/versions/0001_") for name in names)


def test_the_wheel_states_version_and_licence(wheel: zipfile.Path, metadata: Message) -> None:
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    held = wheel / f"cryptodrug_scraper-{__version__}.dist-info" / "licenses" / "LICENSE"
    assert held.read_text("utf-8") == (ROOT / "LICENSE").read_text("utf-8")
    assert "Version 2.0, January 2004" in held.read_text("utf-8")


def test_the_version_stands_in_one_place_and_is_cited_so() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "version" not in project
    assert project["dynamic"] == ["version"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    newest = re.search(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert newest
    assert (cited["version"], str(cited["date-released"])) == newest.groups()
    assert cited["version"] == __version__
    assert cited["license"] == project["license"]


def test_hooks_before_a_commit_run_what_make_lint_runs() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert local["repo"] == "local"
    assert {hook["language"] for hook in local["hooks"]} == {"system"}
    rule = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.M)
    assert rule
    commands = rule[1].replace("$(BIN)", ".venv/bin").split("\n\t")
    assert [hook["entry"] for hook in local["hooks"]] == [line.strip() for line in commands]


DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
PAGES = [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("docs/**/*.md"))]


@pytest.mark.parametrize("name", [*DOCUMENTS, *PAGES])
def test_links_and_paths_of_documents_exist(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    linked = re.findall(r"\]\((?!\w+:)([^)#\s]+)", text)
    quoted = re.findall(r"`((?:[\w.-]+/)+[\w.-]*\.(?:py|toml|html|ipynb))`", text)
    stated = [path for path in quoted if (ROOT / path.partition("/")[0]).is_dir()]
    assert linked or stated or name not in DOCUMENTS[:2]
    paths = [*linked, *stated] if name in DOCUMENTS else stated  # links of pages: `make docs`
    named = [path for path in paths if "NAME" not in path]
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_what_the_product_imports_is_in_the_lock_to_run() -> None:
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text("utf-8"), re.M))
    of_module = packages_distributions()
    imported: dict[str, str] = {}
    for path in sorted(set().union(*map(sources, PACKAGES))):
        for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module or ""]
            imported |= {module.partition(".")[0]: path for module in modules}
    for module, path in imported.items():
        if module in sys.stdlib_module_names or module in (*PACKAGES, "simulator"):
            continue
        holders = {re.sub(r"[._]+", "-", name.lower()) for name in of_module.get(module, [])}
        assert holders & locked, f"{path} imports {module}, which requirements.lock does not hold"
