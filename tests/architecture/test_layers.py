"""The house: floors import only downwards, third-party libraries stay where they belong, names say something."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from tests.support.each import hold_for_each

PACKAGE = Path(__file__).resolve().parents[2] / "reconciler"
FILES = sorted(PACKAGE.rglob("*.py"))

# Which parts of the package each part may import (besides itself): the floors, from the ground up.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "error_codes": {"errors"},
    "core": {"errors"},
    "codec": {"errors", "core"},
    "schedule": {"errors", "core"},
    "ports": {"errors", "core"},
    "workers": {"errors", "codec"},
    "manifest": {"errors", "core", "codec", "schedule", "ports", ""},
    "data": {"errors", "core", "codec", "ports", "workers", "plugins"},
    "model_file": {"errors", "core", "codec"},
    "evaluation": {"errors", "core", "ports", "model_file"},
    "scoring": {"errors", "core", "codec", "ports", "workers", "model_file", "evaluation"},
    "serving": {"errors", "core", "codec", "ports", "workers", "data", "model_file", "scoring", ""},
    "training": {"errors", "core", "codec", "ports", "workers", "model_file", "evaluation"},
    "engine": {"errors", "core", "codec", "schedule", "ports", "manifest", ""},
    "adapters": {"errors", "core", "codec", "ports", "workers"},
    "plugins": {"errors", "core", "ports"},
    "report": {"errors", "error_codes", "core", "codec"},
    "console": {"errors", "core", "report"},
    "app": {"errors", "core", "codec", "ports", "workers", "manifest", "engine", "adapters", "plugins", "report", ""},
    "cli": {"errors", "error_codes", "core", "codec", "manifest", "engine", "report", "console", "app", ""},
    "api": {"errors", "core", "codec", "engine", "report", "app", "ports", "serving"},
    "testing": {"errors", "core", "codec", "schedule", "ports", "engine", "workers", ""},
    "__init__": {"api"},
    "__main__": {"cli"},
}
# In which folders each third-party library may be imported.
LIBRARIES: dict[str, set[str]] = {
    "click": {"cli", "cli/commands", "cli/types"},
    "apprise": {"adapters/notices"},
    "packaging": {"adapters/system"},
    "yaml": {"manifest/yaml", "manifest/loading"},
    "pydantic": {
        "manifest/schema",
        "manifest/schema/experiment",
        "manifest/schema/gates",
        "manifest/schema/decisions",
        "manifest/loading",
    },
    "pydantic_core": {"manifest/schema", "manifest/loading"},
    "lightgbm": {"training/boosters", "model_file/boosters"},
    "xgboost": {"training/boosters", "model_file/boosters"},
    "sklearn": {
        "training",
        "training/out_of_fold",
        "model_file",
        "model_file/structure",
        "model_file/encoding",
        "evaluation",
        "scoring",
    },
    "skops": {"model_file"},
    "numpy": {
        "api",
        "training",
        "training/boosters",
        "training/experiment",
        "model_file",
        "model_file/boosters",
        "model_file/outputs",
        "training/out_of_fold",
        "model_file/structure",
        "model_file/quality",
        "model_file/encoding",
        "model_file/rows",
        "evaluation",
        "evaluation/detailed",
        "scoring",
        "scoring/explanation",
        "scoring/output",
        "serving",
        "data/dataset/past",
        "data/masking",
        "data/csv_files",
        "data/quality",
    },
    "starlette": {"serving"},
    "uvicorn": {"serving"},
    "prometheus_client": {"serving"},
    "pandas": {"api"},
    "matplotlib": {"report/plots"},
    "pyarrow": {
        "data",
        "api",
        "model_file",
        "model_file/encoding",
        "model_file/rows",
        "evaluation",
        "evaluation/detailed",
        "scoring",
        "scoring/output",
        "serving",
        "data/dataset",
        "data/masking",
        "data/tables",
        "data/tables/opening",
        "data/csv_files",
        "testing",
        "testing/contracts",
        "adapters/sources",
    },
    "duckdb": {"data", "data/expressions", "testing"},
    "cronsim": {"schedule"},
    "distributed": {"app/cluster"},
    "optuna": {"training/experiment"},
    "rfc8785": {"codec"},
    "jinja2": set(),
    "obstore": {"adapters/object_storage", "adapters/sources"},
    "adbc_driver_postgresql": {"adapters/sources"},
    "adbc_driver_manager": {"adapters/sources"},
    "sqlalchemy": {"adapters/sources"},
    "deltalake": {"adapters/sources"},
    "securesystemslib": {"adapters/signing"},
    "cryptography": {"adapters/signing"},
    "sigstore": {"adapters/signing"},
    "github": {"adapters/forges"},
    "gitlab": {"adapters/forges"},
    "requests": {"adapters/forges"},
}
# One module per command there; everywhere else a folder with more modules than this holds two subjects.
MOST_MODULES, FULL = 12, {"cli/commands"}
BANNED = {"utils", "helpers", "helper", "common", "base", "manager", "handler", "service", "context", "info"}


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file, parsed once."""
    return ast.parse(path.read_text())


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Return all nodes of a file's syntax tree, walked once."""
    return tuple(ast.walk(tree_of(path)))


def part_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


@cache
def imports_of(path: Path) -> tuple[tuple[int, str], ...]:
    """Return (line, dotted name) of every import; those for type checkers only count, too."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module == "reconciler":
                yield from ((node.lineno, f"reconciler.{name.name}") for name in node.names)
            else:
                folder = PACKAGE.parent / node.module.replace(".", "/")
                for name in node.names:
                    is_module = (folder / f"{name.name}.py").exists()
                    yield node.lineno, f"{node.module}.{name.name}" if is_module else node.module


def test_a_floor_imports_only_what_lies_below_it() -> None:
    def check(path: Path) -> None:
        part = part_of(path)
        for line, name in imports_of(path):
            head, _, rest = name.partition(".")
            if head == "reconciler":
                target = rest.split(".")[0]
                known = "" if target == "__version__" or not target else target
                assert known == part or known in ALLOWED[part], f"{path.name}:{line}: {part} imports {name}"
            elif head in LIBRARIES:
                folder = path.parent.relative_to(PACKAGE).as_posix()
                assert folder in LIBRARIES[head], f"{path.name}:{line}: {folder} imports {name}"

    hold_for_each(check, FILES)


def test_the_core_needs_nothing_but_the_standard_library() -> None:
    import sys

    for path in sorted((PACKAGE / "core").rglob("*.py")):
        for line, name in imports_of(path):
            head = name.split(".")[0]
            assert head == "reconciler" or head in sys.stdlib_module_names, f"{path.name}:{line}: {name}"


def test_no_adapter_imports_another_implementation() -> None:
    """A room of adapters shares its own tools; between rooms only those that implement no port."""
    shared = {
        *("executors.fork_map", "executors.thread_map", "system.host", "system.http_request"),
        *("executors.worker_answers", "executors.worker_process"),
        *("filesystem.durable_files", "filesystem.release_folder", "object_storage.clients"),
    }
    used: set[str] = set()
    for path in sorted((PACKAGE / "adapters").rglob("*.py")):
        room = path.parent.name
        for line, name in imports_of(path):
            module = name.removeprefix("reconciler.adapters.")
            if module != name and module.split(".")[0] != room:
                assert module in shared, f"{room}/{path.name}:{line}: {name}"
                used.add(module)
    assert used == shared, "the list names exactly what is shared"


def test_one_module_starts_git() -> None:
    """So that every call has the same settings and no environment variable that redirects it."""
    starts = {
        path.relative_to(PACKAGE).as_posix()
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.List) and node.elts and getattr(node.elts[0], "value", None) == "git"
    }
    assert starts == {"adapters/git/plumbing.py"}


def test_a_folder_holds_one_subject() -> None:
    folders = {path.parent for path in FILES if path.parent != PACKAGE}
    for folder in sorted(folders):
        modules = [path for path in folder.glob("*.py") if path.stem != "__init__"]
        name = folder.relative_to(PACKAGE).as_posix()
        assert len(modules) <= MOST_MODULES or name in FULL, f"{name} holds {len(modules)} modules"
        assert (folder / "__init__.py").exists(), f"{name} is no package"


def rooms_of(name: str) -> str:
    """The room that a dotted module name lies in: its folder below the package."""
    path = PACKAGE.parent / name.replace(".", "/")
    if path.is_dir():
        return path.relative_to(PACKAGE).as_posix()
    return path.parent.relative_to(PACKAGE).as_posix()


def test_no_two_rooms_import_each_other() -> None:
    """Within a floor, too, the way between two rooms goes one way; a folder and the folders in it are one room."""
    ways: dict[str, set[str]] = {}
    for path in FILES:
        room = path.parent.relative_to(PACKAGE).as_posix()
        for _, name in imports_of(path):
            if name.startswith("reconciler.") and (other := rooms_of(name)) not in (room, "."):
                ways.setdefault(room, set()).add(other)
    both = {tuple(sorted((a, b))) for a, others in ways.items() for b in others if a in ways.get(b, set())}
    assert not [(a, b) for a, b in both if not b.startswith(f"{a}/")]


def test_no_module_imports_itself_by_way_of_others() -> None:
    """So it does not matter which is imported first: commands of `make test` start where others were imported."""
    modules = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in FILES}
    late = {node for path in FILES for node in within_functions(path)}
    ways = {
        module: {name for line, name in imports_of(path) if name in modules and (path, line) not in late}
        for module, path in modules.items()
    }
    TopologicalSorter(ways).prepare()  # CycleError names the modules


def within_functions(path: Path) -> Iterator[tuple[Path, int]]:
    """Yield the path with each line of imports that happen when something is called, or never."""
    for node in nodes_of(path):
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if later or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            yield from ((path, part.lineno) for part in ast.walk(node) if isinstance(part, ast.Import | ast.ImportFrom))


def test_a_file_holds_one_idea() -> None:
    def check(path: Path) -> None:
        words = set(path.stem.split("_"))
        assert not words & BANNED, f"{path.name} says nothing"
        assert len(path.read_text().splitlines()) <= 320, f"{path.name}: is there a second idea in it?"

    hold_for_each(check, FILES)


def test_scoring_never_reaches_the_trainer() -> None:
    for path in sorted((PACKAGE / "scoring").rglob("*.py")):
        assert all("training" not in name for _, name in imports_of(path)), path.name
