"""No two modules import each other, and no name of a class stands for two things."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.conftest import ROOT

ROOMS = ("cryptodrug_scraper", "parsers", "spiders", "simulator")


def module_name(path: Path) -> str:
    """The name that a file is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for room in ROOMS for path in (ROOT / room).rglob("*.py")}


def run_statements(node: ast.AST) -> Iterator[ast.AST]:
    """What is run at some time, in functions too; not what only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from run_statements(child)


def imported_by(name: str) -> set[str]:
    """The modules of the project that a module imports."""
    path, names = MODULES[name], set()
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    for node in run_statements(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            source = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                names.add(inner if inner in MODULES else source)
    return (names & MODULES.keys()) - {name}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules of which each imports the one before it, the first also the last; or none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_a_circle_is_seen() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}
    assert "cryptodrug_scraper.database.connection" in imported_by("cryptodrug_scraper.cli.db")


def test_no_modules_import_each_other() -> None:
    graph = {name: imported_by(name) for name in MODULES}
    assert circle(graph) == []


PRIVATE_MEANINGS = {
    *("told", "said", "found", "whole", "once", "behind", "before", "look", "mend", "asking"),
    "asked",
}


def names_given(tree: ast.AST) -> Iterator[str]:
    """The names of functions, classes, arguments, fields and attributes that a module defines."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    yield line.target.id


def test_names_have_no_private_meaning() -> None:
    wrong = [
        f"{module}: {name}"
        for module, path in MODULES.items()
        for name in [path.stem, *names_given(ast.parse(path.read_text("utf-8")))]
        if name.lower().strip("_") in PRIVATE_MEANINGS
    ]
    assert wrong == []


def test_no_class_name_stands_for_two_things() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(name)
    several = {name: modules for name, modules in homes.items() if len(modules) > 1}
    assert several == {}


def test_what_all_rooms_use_knows_none_of_them() -> None:
    for name in MODULES:
        if name.startswith("cryptodrug_scraper.common"):
            assert all(other.startswith("cryptodrug_scraper.common") for other in imported_by(name))
