"""The house's habits: names that say something, values that do not change, a core without effects, a safe file form."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_layers import BANNED, FILES, PACKAGE, imports_of, nodes_of, tree_of
from tests.support.each import hold_for_each


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def classes(path: Path) -> Iterator[ast.ClassDef]:
    yield from (node for node in nodes_of(path) if isinstance(node, ast.ClassDef))


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+", name)}


def test_every_module_says_what_it_is_for() -> None:
    def check(path: Path) -> None:
        assert ast.get_docstring(tree_of(path)), f"{named(path)} has no docstring"

    hold_for_each(check, FILES)


def test_no_class_is_named_after_nothing() -> None:
    def check(path: Path) -> None:
        for one in classes(path):
            assert not words(one.name) & BANNED, f"{named(path)}:{one.lineno}: {one.name}"

    hold_for_each(check, FILES)


def test_no_class_name_means_two_things() -> None:
    """But for a document that users write and what it becomes: a core value, for the project's the Python API's."""
    places: dict[str, set[str]] = {}
    for path in FILES:
        for node in classes(path):
            places.setdefault(node.name, set()).add(path.parent.relative_to(PACKAGE).as_posix())
    pairs = (
        {"core/spec", "manifest/schema"},
        {"core/spec", "manifest/schema/decisions"},
        {"core/spec/experiment", "manifest/schema/experiment"},
        {"core/spec/inputs", "manifest/schema"},
        {"core/spec/gates", "manifest/schema/gates"},
        {"core/trust", "manifest/schema"},
        {"core/spec/decisions", "manifest/schema/decisions"},
        {"api", "manifest/schema"},
    )
    count = Counter(node.name for path in FILES for node in classes(path))
    assert [name for name, times in count.items() if times > 1 and (times > 2 or places[name] not in pairs)] == []


# Names of modules that only their author could decode; each has a standard one now.
RIDDLES = {
    *("abreast", "alike", "basis", "before", "beginning", "brought", "checking", "child", "crew", "differing"),
    *("drifting", "explained", "first", "forked", "glance", "lanes", "lasting", "look", "merges", "nursery", "papers"),
    *("plain", "planned", "put_back", "remembered", "roads", "safe", "series", "shared_out", "shares", "started"),
    *("story", "town", "turns", "unruly", "who", "witness", "world"),
}


def test_no_module_is_a_riddle() -> None:
    tests = (PACKAGE.parent / "tests").rglob("*.py")
    modules = {path.stem.removeprefix("test_") for path in (*FILES, *tests)}
    folders = {path.parent.name for path in FILES}
    assert not (modules | folders) & RIDDLES


def test_a_dataclass_that_crosses_a_border_is_frozen_and_keyword_only() -> None:
    """Core values, and all that ports carry. Parts of one module may be shorter, but none in the core is mutable."""

    def check(path: Path) -> None:
        if path.relative_to(PACKAGE).parts[0] not in ("core", "ports"):
            return
        for one in classes(path):
            for mark in one.decorator_list:
                if isinstance(mark, ast.Name):
                    assert mark.id != "dataclass", f"{named(path)}:{one.lineno}: {one.name} is mutable"
                elif isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "dataclass":
                    given = {
                        word.arg for word in mark.keywords if isinstance(word.value, ast.Constant) and word.value.value
                    }
                    assert given >= {"frozen", "slots", "kw_only"}, f"{one.lineno}: {one.name} has {given}"

    hold_for_each(check, FILES)


EFFECTS = {
    *("os", "io", "shutil", "tempfile", "socket", "subprocess", "time", "random", "secrets", "uuid", "logging"),
    *("threading", "multiprocessing", "asyncio", "signal", "urllib", "http", "ssl", "platform", "sys"),
}
CALLS = {
    *("now", "today", "utcnow", "open", "read_text", "read_bytes", "write_text", "write_bytes", "stat", "lstat"),
    *("exists", "is_file", "is_dir", "iterdir", "glob", "rglob", "mkdir", "unlink", "rename", "touch", "resolve"),
    *("print", "input"),
}


def test_the_core_knows_no_clock_disk_network_process_chance_or_log() -> None:
    """Paths are values there (of requests to workers); the one thing read is a file to be hashed."""
    for path in sorted((PACKAGE / "core").rglob("*.py")):
        for line, name in imports_of(path):
            assert name.split(".")[0] not in EFFECTS, f"{named(path)}:{line}: {name}"
        for node in nodes_of(path):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if (path.name, called) != ("digest.py", "open"):
                    assert called not in CALLS, f"{named(path)}:{node.lineno} calls {called}"


def test_nothing_reads_a_pickle_or_runs_text_as_code() -> None:
    for path in FILES:
        for line, name in imports_of(path):
            assert name.split(".")[0] not in ("pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"), (
                f"{named(path)}:{line}: {name}"
            )
        for node in nodes_of(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), f"{named(path)}:{node.lineno}: {node.func.id}"


def test_no_process_is_started_through_a_shell() -> None:
    for path in FILES:
        for node in nodes_of(path):
            if isinstance(node, ast.Call):
                for word in node.keywords:
                    assert word.arg != "shell", f"{named(path)}:{node.lineno} starts a shell"
                if isinstance(node.func, ast.Attribute):
                    assert node.func.attr not in ("system", "popen"), f"{named(path)}:{node.lineno} starts a shell"


def test_pydantic_stays_at_the_edge() -> None:
    """And there only where documents are declared and their problems told: what comes out of `load` are core values."""
    found = {
        path.relative_to(PACKAGE / "manifest").as_posix()
        for path in FILES
        for _, name in imports_of(path)
        if name.startswith("pydantic")
    }
    declared = {
        "schema/field_types.py",
        "schema/data.py",
        "schema/documents.py",
        "schema/policy.py",
        "schema/tables.py",
        "schema/evaluation.py",
        "schema/decisions/declared.py",
        "schema/decisions/estimator.py",
        "schema/experiment/experiment_document.py",
        "schema/features.py",
        "schema/gates/any_gate.py",
        "schema/gates/bounded.py",
        "schema/gates/scope.py",
        "schema/model.py",
        "schema/locations.py",
        "schema/trust.py",
    }
    assert found == declared | {"loading/load.py", "loading/validation_errors.py", "loading/second_look.py"}


def test_the_package_exports_its_version_and_the_python_api_which_is_loaded_on_use() -> None:
    import reconciler

    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    assigned = [target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]  # type: ignore[attr-defined]
    assert assigned == ["__all__", "__version__", "TYPE_CHECKING"]
    assert reconciler.__all__ == ["Project", "__version__", "load"]
    assert {name for _, name in imports_of(PACKAGE / "__init__.py")} == {
        "reconciler.api.load",
        "reconciler.api.project",
    }
    assert not [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    with pytest.raises(AttributeError, match="has no attribute 'Projects'"):
        reconciler.Projects  # noqa: B018
