"""The house: floors import only downwards, third-party libraries stay where they belong, names say something."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "reconciler"
FILES = sorted(PACKAGE.rglob("*.py"))

# Which parts of the package each part may import (besides itself).
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "core": {"errors"},
    "codec": {"errors", "core"},
    "calendar": {"errors", "core"},
    "ports": {"errors", "core"},
    "child": {"errors", "core", "codec", "ports"},
    "nursery": {"child"},
    "manifest": {"errors", "core", "codec", "calendar", "ports", ""},
    "data": {"errors", "core", "codec", "ports", "child"},
    "scoring": {"errors", "core", "codec", "ports", "nursery"},
    "training": {"errors", "core", "codec", "ports", "nursery", "scoring"},
    "engine": {"errors", "core", "codec", "calendar", "ports", "manifest", ""},
    "adapters": {"errors", "core", "codec", "ports", "child", "nursery"},
    "registry": {"errors", "core", "ports"},
    "report": {"errors", "core", "codec"},
    "testing": {"errors", "core", "codec", "calendar", "ports", "engine", "nursery", ""},
    "cli": {"errors", "core", "codec", "ports", "manifest", "engine", "adapters", "registry", "report", ""},
    "__init__": set(),
    "__main__": {"cli"},
}
# Where each third-party library may be imported.
LIBRARIES: dict[str, set[str]] = {
    "click": {"cli"},
    "git": {"adapters"},
    "packaging": {"adapters"},
    "gitdb": set(),
    "yaml": {"manifest"},
    "pydantic": {"manifest"},
    "pydantic_core": {"manifest"},
    "sklearn": {"training", "scoring"},
    "skops": {"training", "scoring"},
    "numpy": {"training", "scoring", "data"},
    "pandas": {"training", "scoring", "data"},
    "pyarrow": {"training", "scoring", "data", "testing"},
    "duckdb": {"data", "testing"},
    "cronsim": {"calendar"},
    "rfc8785": {"codec"},
    "jinja2": {"report"},
    "obstore": {"adapters"},
    "github": {"adapters"},
    "gitlab": {"adapters"},
    "requests": {"adapters"},
}
BANNED = {"utils", "helpers", "helper", "common", "base", "manager", "handler", "service", "context", "info", "process"}


def part_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import; those for type checkers only count, too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module == "reconciler":
                yield from ((node.lineno, f"reconciler.{name.name}") for name in node.names)
            else:
                yield node.lineno, node.module


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_floor_imports_only_what_lies_below_it(path: Path) -> None:
    part = part_of(path)
    for line, name in imports_of(path):
        head, _, rest = name.partition(".")
        if head == "reconciler":
            target = rest.split(".")[0]
            known = "" if target == "__version__" or not target else target
            assert known == part or known in ALLOWED[part], f"{path.name}:{line}: {part} imports {name}"
        elif head in LIBRARIES:
            assert part in LIBRARIES[head], f"{path.name}:{line}: {part} imports {name}"


def test_the_core_needs_nothing_but_the_standard_library() -> None:
    import sys

    for path in sorted((PACKAGE / "core").glob("*.py")):
        for line, name in imports_of(path):
            head = name.split(".")[0]
            assert head == "reconciler" or head in sys.stdlib_module_names, f"{path.name}:{line}: {name}"


def test_no_adapter_imports_another_implementation() -> None:
    shared = {"durable", "release_folder", "git_plumbing", "git_writing", "children", "forked", "crew", "processors"}
    shared |= {"witness", "bucket", "bucket_access", "bucket_probe", "abreast", "shared_out"}
    shared |= {"forge_answers", "gitlab_client"}
    for path in sorted((PACKAGE / "adapters").glob("*.py")):
        for line, name in imports_of(path):
            if name.startswith("reconciler.adapters."):
                assert name.split(".")[2] in shared, f"{path.name}:{line}: {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_holds_one_idea(path: Path) -> None:
    words = set(path.stem.split("_"))
    assert not words & BANNED, f"{path.name} says nothing"
    assert len(path.read_text().splitlines()) <= 320, f"{path.name}: is there a second idea in it?"


def test_scoring_never_reaches_the_trainer() -> None:
    for path in sorted((PACKAGE / "scoring").rglob("*.py")):
        assert all("training" not in name for _, name in imports_of(path)), path.name
