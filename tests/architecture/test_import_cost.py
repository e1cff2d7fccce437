"""What a command loads before it answers: nothing heavy, and no worker process, when nothing changed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import REPOSITORY, Project, begin, configured

HEAVY = {
    *("pandas", "sklearn", "duckdb", "numpy", "scipy", "skops", "pyarrow", "git", "jinja2", "matplotlib"),
    *("obstore", "github", "gitlab", "requests", "securesystemslib", "cryptography", "sigstore"),
}
PROBE = """
import json, sys
started = []
sys.addaudithook(lambda event, args: started.append(list(map(str, args[1]))) if event == "subprocess.Popen" else None)
from reconciler.cli.main import main
codes = {" ".join(command): main(command) for command in json.loads(sys.argv[1])}
modules = {name.partition(".")[0] for name in sys.modules} | {n for n in sys.modules if n.startswith("reconciler")}
print(json.dumps({"codes": codes, "modules": sorted(modules), "started": started}), file=sys.stderr)
"""


def probe(*arguments: str, environ: dict[str, str] | None = None) -> tuple[set[str], list[list[str]]]:
    """Return the modules that a command loaded, and the processes that it started."""
    return probe_all([list(arguments)], environ=environ)


def probe_all(commands: list[list[str]], environ: dict[str, str] | None = None) -> tuple[set[str], list[list[str]]]:
    """Return what `probe` does, of several commands one after the other in one process."""
    ran = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(commands)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        env=environ,
    )
    found = json.loads(ran.stderr.splitlines()[-1])
    assert not any(found["codes"].values()), ran
    return set(found["modules"]), found["started"]


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = begin(configured(tmp_path_factory.mktemp("warm") / "project"))
    project.run("plan", "sandbox")
    for _ in range(40):  # the headers of tables that were touched just now are not remembered yet
        _, started = probe("-C", str(project.root), "validate", environ=project.environment)
        if all(Path(process[0]).name == "git" for process in started):
            return project
    raise AssertionError("the headers of the tables are never remembered")


def test_the_version_loads_no_library_at_all() -> None:
    modules, started = probe("--version")
    assert not modules & (HEAVY | {"click", "pydantic", "yaml", "subprocess", "dataclasses", "importlib.metadata"})
    assert {name for name in modules if name.startswith("reconciler")} == {
        "reconciler",
        "reconciler.cli",
        "reconciler.cli.main",
    }
    assert started == []


API = """
import json, sys
before = set(sys.modules)
import reconciler
assert {name for name in set(sys.modules) - before if name != "reconciler"} <= {"__future__"}, set(sys.modules) - before
from reconciler import Project
project = Project.open(sys.argv[1])
plan, status, models, history = project.plan("sandbox"), project.status(), project.models("sandbox"), project.history()
shown = [repr(view) + str(view) + view._repr_html_() for view in (plan, status, models, history)]
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_the_python_api_plans_and_shows_without_a_heavy_library_and_importing_the_package_loads_nothing(
    warm: Project,
) -> None:
    command = [sys.executable, "-P", "-c", API, str(warm.root)]
    environ = warm.environment | {"PYTHONPATH": str(REPOSITORY)}
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=warm.root.parent, env=environ)
    assert not set(json.loads(ran.stdout)) & (HEAVY | {"click"})


_PROBED: dict[tuple[str, ...], tuple[set[str], list[list[str]]]] = {}


def probe_once(project: Project, *command: str) -> tuple[set[str], list[list[str]]]:
    """As `probe`, of a project in which nothing changes between two tests."""
    if command not in _PROBED:
        _PROBED[command] = probe("-C", str(project.root), *command, environ=project.environment)
    return _PROBED[command]


READING = [["plan", "sandbox"], ["plan", "production"], ["status"]]
ALSO_READING = [
    ["validate"],
    ["drift", "--no-load"],
    ["why", "lateness", "--in", "production"],
    ["diff", "production", "sandbox"],
    ["doctor"],
]


def test_reading_commands_load_nothing_heavy_and_start_git_and_a_reader_of_headers_at_most(warm: Project) -> None:
    loaded = [probe_once(warm, *command) for command in READING]
    others = [["-C", str(warm.root), *command] for command in ALSO_READING]  # what none loads, none of them does
    loaded.append(probe_all(others, environ=warm.environment))
    modules = set().union(*(modules for modules, _ in loaded))
    started = [process for _, processes in loaded for process in processes]
    tried = [process for process in started if process[-1] == "reconciler.workers.no_network"]
    assert len(tried) == 1, "`doctor` alone tries whether a process can leave the network, which loads nothing"
    started.remove(tried[0])
    assert not modules & HEAVY
    assert not {name for name in modules if name.startswith(("reconciler.training", "reconciler.scoring"))}
    assert {Path(process[0]).name for process in started} <= {"git"}


@pytest.mark.parametrize("command", [["plan", "sandbox"], ["plan", "production"], ["status"], ["apply", "production"]])
def test_no_question_is_put_to_git_twice(warm: Project, command: list[str]) -> None:
    """Each is a process. What objects there are and what they hold is asked for different ones."""
    _, started = probe_once(warm, *command, *["--yes"] * (command[0] == "apply"))
    questions = [" ".join(words) for words in started if Path(words[0]).name == "git" and "cat-file" not in words]
    assert questions
    assert [question for question in questions if questions.count(question) > 1] == []
    if command[0] != "apply":
        assert sum(" rev-parse " in question for question in questions) == 1, "all that it can say, it says at once"
        assert sum(" refs/tags/" in question for question in questions) <= 1, "of few tags, the newest are all"


@pytest.mark.parametrize("subject", ["holdout", "f1_macro"])
def test_explain_needs_nothing_of_the_project_and_no_schema_library(subject: str) -> None:
    modules, started = probe("explain", subject)
    assert not modules & (HEAVY | {"pydantic"})
    assert started == []


def test_only_a_command_that_trains_has_a_trainer() -> None:
    """By the source: `opened(..., trains=True)` stands in what trains, or runs trials, alone."""
    folder = REPOSITORY / "reconciler/cli/commands"
    users = {path.stem for path in folder.glob("*.py") if "trains=True" in path.read_text()}
    assert users == {"apply", "reproduce", "experiment_adopt", "experiment_run", "improve"}


def test_a_command_parses_wires_calls_once_renders_and_exits_in_a_few_lines() -> None:
    import ast

    for path in sorted((REPOSITORY / "reconciler/cli/commands").glob("[a-z]*.py")):
        [function] = [
            node
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.FunctionDef) and node.name == "command"
        ]
        body = [node for node in function.body if not isinstance(node, (ast.ImportFrom, ast.Expr))]
        if not body:  # a group: its commands are modules of their own
            continue
        lines = body[-1].end_lineno - body[0].lineno + 1
        assert lines < 25, f"{path.name}: {lines} lines"
