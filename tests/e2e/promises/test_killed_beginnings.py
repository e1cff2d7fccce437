"""`init`, `add` and `ci` write files that people own: killed, or out of room, the same command again ends well."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.effort import spread
from tests.support.once import copy, once
from tests.support.project import Project

UNTRIED = ("--estimator", "default")
CALLS = ("link,linkat", "rename,renameat,renameat2")  # a file is there with the first, and replaced with the second
COMMANDS = {
    "init": ("init", ".", "--ci", "github", *UNTRIED),
    "add": ("add", "parcels", "--from-table", "../parcels.csv", *UNTRIED),
    "ci": ("ci", "--forge", "github"),
}


@pytest.fixture
def before(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Project]:
    """Return what makes the folder in which a command is to be run: the user's notes, or a project without CI."""

    def make(folder: Path) -> None:
        (folder / "shop").mkdir(parents=True)
        Project(folder / "shop").run("init", ".", "--ci", "none", *UNTRIED)
        table = "id,x,late\n" + "".join(f"{row},{row % 7},{'yn'[row % 7 > 3]}\n" for row in range(200))
        (folder / "parcels.csv").write_text(table)

    def fresh(command: str) -> Project:
        shutil.rmtree(tmp_path / "here", ignore_errors=True)
        copy(once(tmp_path_factory, "shop to be added to", make), tmp_path / "here")
        if command == "init":
            shutil.rmtree(tmp_path / "here/shop")
            (tmp_path / "here/shop").mkdir()
        (tmp_path / "here/shop/notes.txt").write_text("mine")
        return Project(tmp_path / "here/shop")

    return fresh


def files(project: Project) -> dict[str, bytes]:
    """Every file of the project, without git's own."""
    root = project.root
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


@pytest.mark.soak
@pytest.mark.needs("strace")
@pytest.mark.parametrize(
    "command",
    [
        "init",
        pytest.param("add", marks=pytest.mark.soak(only=True)),
        pytest.param("ci", marks=pytest.mark.soak(only=True)),
    ],
)
def test_killed_at_any_of_its_files_the_next_run_ends_with_the_same_files(
    before: Callable[[str], Project], tmp_path: Path, command: str
) -> None:
    def traced(project: Project, *options: str) -> int:
        strace = ["strace", "-qq", "-o", str(tmp_path / "log"), "-e", f"trace={','.join(CALLS)}", *options]
        words = project.command(*COMMANDS[command])
        ran = subprocess.run(
            [*strace, *words], cwd=project.root, env=project.environment, capture_output=True, check=False
        )
        return ran.returncode

    for _ in range(2):  # the first fills caches, which are files, too
        project = before(command)
        assert traced(project) == 0
    whole = files(project)
    log, kills = (tmp_path / "log").read_text(), 0
    for calls in CALLS:
        count = len(re.findall(rf"^(?:{calls.replace(',', '|')})\(", log, re.MULTILINE))
        for index in spread(range(1, count + 1), "FILE_STRIDE"):
            project = before(command)
            assert traced(project, "-e", f"inject={calls}:signal=SIGKILL:when={index}") != 0, (calls, index)
            left = files(project)
            project.run(*COMMANDS[command], code=2 if left == whole and command != "ci" else 0)
            assert files(project) == whole, (calls, index)
            kills += 1
    assert kills >= 2


@pytest.mark.soak(only=True)
def test_out_of_room_for_one_file_init_goes_on_when_there_is_room(before: Callable[[str], Project]) -> None:
    project = before("init")
    words = [project.python, "-P", "-m", "reconciler", *COMMANDS["init"]]

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))  # a schema has more

    full = subprocess.run(
        words, cwd=project.root, env=project.environment, preexec_fn=little_room, capture_output=True, check=False
    )
    assert (full.returncode, b"E608" in full.stderr) == (1, True), full.stderr
    assert files(project)["notes.txt"] == b"mine"
    project.run(*COMMANDS["init"])
    project.run("validate")


@pytest.mark.soak(only=True)
def test_two_adds_at_once_both_stay_or_one_is_told_to_run_again(before: Callable[[str], Project]) -> None:
    project = before("add")
    shutil.copy(project.root.parent / "parcels.csv", project.root.parent / "letters.csv")
    names = ("parcels", "letters")
    with ThreadPoolExecutor(2) as both:
        adds = [("add", name, "--from-table", f"../{name}.csv", *UNTRIED) for name in names]
        codes = list(both.map(lambda words: project.run(*words, code=None).code, adds))
    assert set(codes) <= {0, 5}
    for name, code in zip(names, codes, strict=True):
        if code:
            project.run("add", name, "--from-table", f"../{name}.csv", *UNTRIED)
    project.run("validate")
    declared = (project.root / "environments/production.yaml").read_text()
    assert all(f"data/{name}.csv" in declared for name in ("orders", "parcels", "letters"))
