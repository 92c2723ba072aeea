"""The house stays in order: rooms, directions, names, and what must not be in the project."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from parsers import markets
from tests.conftest import FIXTURES, ROOT

PRODUCT = ROOT / "cryptodrug_scraper"
APPLICATION = sorted(PRODUCT.rglob("*.py"))
PARSERS = sorted((ROOT / "parsers").glob("*.py"))
LOOKS = sorted((ROOT / "simulator").rglob("*.py"))
SPIDERS = sorted((ROOT / "spiders").glob("*.py"))


def docstrings(tree: ast.AST) -> set[int]:
    """The string constants that stand as statements of their own."""
    return {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}


def words(path: Path) -> Iterator[str]:
    """Names and strings of a module, without docstrings and comments."""
    tree = ast.parse(path.read_text("utf-8"))
    explained = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in explained:
                yield node.value
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def named_markets(path: Path) -> list[str]:
    """Strings and imports of a module that name a market: alone, quoted, or as part of a path."""
    names = "|".join(markets())
    form = re.compile(rf"(?:^|['\"/])(?:{names})(?:$|['\"/])|\b(?:parsers|spiders)\.(?:{names})")
    return [word for word in words(path) if form.search(word)]


@pytest.mark.parametrize("path", APPLICATION, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_market_is_named_outside_its_rooms(path: Path) -> None:
    named = named_markets(path)
    if path.parent.name == "cli" or path.name == "demo.py":
        named = [word for word in named if "\n" not in word and " " not in word]  # help texts
    assert named == []


ELSEWHERE = [
    path
    for path in sorted([*(ROOT / "tests").rglob("*.py"), *LOOKS, *(ROOT / "docs").rglob("*.py")])
    if path.parent != ROOT / "simulator" / "markets"
]
"""What is about all markets; what is about one has its name: tests/parsers/test_NAME.py."""


def is_of_one_market(path: Path) -> bool:
    return path.stem.removeprefix("test_").startswith(tuple(markets()))


def test_no_list_of_the_markets_stands_anywhere() -> None:
    """A market more is found by its parser, one that can be served by its simulator."""
    listing = {}
    for path in ELSEWHERE:
        tree = ast.parse(path.read_text("utf-8"))
        for node in () if is_of_one_market(path) else ast.walk(tree):
            named = {
                element.value
                for element in getattr(node, "elts", getattr(node, "keys", []))
                if isinstance(element, ast.Constant) and element.value in markets()
            }
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named = {name for name in markets() if name in re.split(r"[ ,:]+", node.value)}
            if len(named) > 2:
                listing[f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"] = named
    assert listing == {}


OF_OTHER_MARKETS = ("test_market_names.py", "test_reader.py")
"""How pages name markets from which vendors brought ratings, whether one is read here or not."""


@pytest.mark.parametrize("room", ["tests/e2e", "tests/reading", "tests/records", "tests/spiders"])
def test_what_runs_over_every_market_names_none(room: str) -> None:
    paths = sorted((ROOT / room).glob("*.py"))
    assert paths
    named = {p.name: named_markets(p) for p in paths if p.name not in OF_OTHER_MARKETS}
    assert {name: found for name, found in named.items() if found} == {}


def test_a_market_that_is_named_is_noticed(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    for name in markets():
        for line in (
            f'if market == "{name}": pass',
            f"query = \"SELECT 1 WHERE market = '{name}'\"",
            f'page = "{name}/listing.html"',
            f"from parsers.{name} import MARKET",
        ):
            module.write_text(line)
            assert named_markets(module), line
        module.write_text(f'"""Docstrings may: {name}."""')
        assert named_markets(module) == []


def test_no_file_of_data_and_no_command_of_make_names_a_market() -> None:
    form = re.compile(rf"(?<![\w-])(?:{'|'.join(markets())})(?![\w-])")
    data = [path for ending in ("toml", "tsv") for path in PRODUCT.rglob(f"*.{ending}")]
    for path in [*data, ROOT / "Makefile"]:
        for line in path.read_text("utf-8").splitlines():
            values = re.sub(r'"[^"]* [^"]*"', "", line.partition("#")[0])  # names of strains
            assert not form.search(values), f"{path.name}: {line}"


def test_every_market_has_its_rooms() -> None:
    for name in markets():
        assert (ROOT / "parsers" / f"{name}.py").is_file()
        assert (ROOT / "spiders" / f"{name}.py").is_file()
        assert (FIXTURES / name).is_dir()
    folders = {p.name for p in FIXTURES.iterdir() if p.is_dir()} - {"study", "archives"}
    assert folders == set(markets())


@pytest.mark.parametrize("path", PARSERS, ids=lambda p: p.name)
def test_parsers_import_only_what_is_upstream(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        modules = []
        if isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        for module in modules:
            assert not re.match(
                r"cryptodrug_scraper\.(database|archive|replay|cli|doctor|settings)|sqlalchemy"
                r"|psycopg2|requests|scrapy|socket|os$|subprocess",
                module,
            ), f"{path.name} imports {module}"


@pytest.mark.parametrize("path", LOOKS, ids=lambda p: p.name)
def test_what_is_simulated_knows_nothing_of_how_it_is_read(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not re.match(r"parsers|spiders", node.module or ""), path.name


@pytest.mark.parametrize("path", SPIDERS, ids=lambda p: p.name)
def test_spiders_hold_no_selector_and_ask_nothing_themselves(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not re.match(r"parsers|simulator|selectolax|bs4|lxml|scrapy", node.module or "")
        elif isinstance(node, ast.Attribute):
            assert node.attr not in ("css", "xpath", "select"), path.name


DOCUMENTED = ("_exit", "_fields", "_replace", "_asdict", "_make")  # of os, and of named tuples


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in DOCUMENTED


def private_imports(tree: ast.AST) -> Iterator[str]:
    """Modules and names with a leading underscore that are imported from elsewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for name in [*(node.module or "").split("."), *(each.name for each in node.names)]:
                if private(name):
                    yield f"from {node.module} import {name}"
        elif isinstance(node, ast.Import):
            for each in node.names:
                if any(private(part) for part in each.name.split(".")):
                    yield f"import {each.name}"


def private_attributes(tree: ast.AST) -> Iterator[str]:
    """Attributes with a leading underscore that are taken from an imported module or name."""
    imported = {
        each.asname or each.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for each in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            at = node.value
            while isinstance(at, ast.Attribute):
                at = at.value
            if isinstance(at, ast.Name) and at.id in imported:
                yield ast.unparse(node)


EVERYTHING = sorted(
    path
    for name in ("cryptodrug_scraper", "parsers", "spiders", "simulator", "migrations", "tests")
    for path in (ROOT / name).rglob("*.py")
)


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_private_is_imported(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert list(private_imports(tree)) == []
    if "tests" not in path.relative_to(ROOT).parts:
        assert list(private_attributes(tree)) == []


@pytest.mark.parametrize(
    "line",
    [
        "from scrapy.core._x import Y",
        "from scrapy import _x",
        "import scrapy._x",
        "import scrapy._x as x",
        "from scrapy._x.y import Z as z",
    ],
)
def test_what_is_private_is_seen(line: str) -> None:
    assert list(private_imports(ast.parse(line)))
    assert not list(private_imports(ast.parse("from a import __version__; import a.b")))
    attribute = ast.parse("import a.b\nx = a.b._c.d")
    assert list(private_attributes(attribute)) == ["a.b._c"]


def test_parsing_needs_no_database_library() -> None:
    script = (
        "import sys; from parsers import parse_page; parse_page(b'<html></html>');"
        "print([m for m in sys.modules if m.split('.')[0] in"
        " ('sqlalchemy', 'psycopg2', 'alembic', 'pandas', 'scrapy')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_modules_are_small() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in [*APPLICATION, *PARSERS, *LOOKS, *SPIDERS]
        if (count := len(path.read_text("utf-8").splitlines())) > 450
    }
    assert long == {}


def pins(name: str) -> dict[str, str]:
    """What a lock pins: packages with their versions, checked to be by hash and nothing else."""
    lock = (ROOT / name).read_text("utf-8")
    assert "://" not in lock
    entry = re.compile(
        r"([a-z0-9-]+)==(\S+)(?: ; [^\\\n]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    )
    assert entry.sub("", lock) == ""
    return dict(entry.findall(lock))


def required(names: list[str]) -> set[str]:
    """The packages of a list of pyproject.toml, as the locks write them."""
    return {re.split(r"[^A-Za-z0-9._-]", name)[0].lower().replace("_", "-") for name in names}


def test_locks_pin_by_hash_and_the_one_to_run_holds_nothing_to_develop() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    run, develop = pins("requirements.lock"), pins("requirements-dev.lock")
    assert run.items() < develop.items()
    assert required(project["dependencies"]) <= run.keys()
    tools = required(project["optional-dependencies"]["dev"])
    assert tools <= develop.keys()
    assert tools & run.keys() == {"pyyaml"}  # which Apprise needs too


def test_tests_that_interrupt_have_interrupts_let_through() -> None:
    """What is started in the background has them ignored, and hands that on (`interruptible`)."""
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    interrupting = [path for path in tests if "signal.SIGINT" in path.read_text("utf-8")]
    assert len(interrupting) > 5
    left = [path for path in interrupting if '"interruptible"' not in path.read_text("utf-8")]
    assert left == []
