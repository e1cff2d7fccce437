"""On a real disk: a file that became a folder, a link, a pipe, nothing, half of itself or something else.

Commands say what is wrong, with the remedy and the right exit code; they never wait for a pipe, and never take a loss
for an empty store."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.cli.error_reporting import guarded
from tests.support.effort import FULL
from tests.support.fleet import make_fleet

pytestmark = pytest.mark.usefixtures("warm_workers")
PATIENCE = 120  # seconds: a bound against hanging, not a measurement


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_fleet(tmp_path_factory, 2)
    for card in (folder / "manifests/production").glob("model-*.md"):  # of a fleet whose evidence nobody made
        card.unlink()
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    named = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(("git", *named, "commit", "-qam", "No cards"), cwd=folder, check=True, env=environment)
    return folder


@pytest.fixture
def project(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(original, folder, symlinks=True)
    monkeypatch.chdir(folder)
    return folder


STORE = ".reconciler/production"
FILES = {
    "the mark of the store": f"{STORE}/store.json",
    "the head of a journal": f"{STORE}/journal/production/wide/0.json",
    "a verification": ".reconciler/sandbox/verifications/*/*.json",
    "a build": ".reconciler/sandbox/builds/*.json",
    "a entry of the recipe index": ".reconciler/sandbox/recipes/*/0.json",
    "a snapshot": ".reconciler/sandbox/snapshots/0.json",
    "the mark of the target": "serving/owner.json",
    "the pointer": "serving/wide/current",
    "a served manifest": "serving/wide/releases/*/manifest.json",
    "a served recipe": "serving/wide/releases/*/recipe.json",
}

SERVED = ("the pointer", "a served manifest", "a served recipe")


def gone(path: Path) -> None:
    path.unlink()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def empty(path: Path) -> None:
    path.unlink()
    path.touch()


def half(path: Path) -> None:
    body = path.read_bytes()
    path.unlink()
    path.write_bytes(body[: len(body) // 2])


def other(path: Path) -> None:
    path.unlink()
    path.write_bytes(b"[" * 100_000)


DAMAGES = [gone, a_folder, a_link, a_pipe, empty, half, other]


@contextmanager
def patience() -> Iterator[None]:
    def late(number: int, frame: object) -> None:
        raise TimeoutError("it waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def said(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    capfd.readouterr()
    with patience():
        code = guarded(arguments)
    out, err = capfd.readouterr()
    assert code != 70, err
    assert "Traceback" not in out + err
    return code, out + err


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__)
def test_whatever_becomes_of_a_stored_file_is_told_and_nothing_waits(
    project: Path, capfd: pytest.CaptureFixture[str], damage: Callable[[Path], None]
) -> None:
    wrong = []
    at = DAMAGES.index(damage)  # in `make test` of each pair of files one, and not of the same ones each time
    for name in list(FILES) if FULL else list(FILES)[at % 2 :: 2]:
        (path,) = project.glob(FILES[name])
        whole = path.parent.with_name("whole-" + path.parent.name)
        shutil.copytree(path.parent, whole, symlinks=True)
        damage(path)
        audited, told = said(capfd, "audit")
        planned, plan = said(capfd, "plan", "production", "--check")
        shutil.rmtree(path.parent)
        whole.rename(path.parent)
        # The mark of a target is set again by the next apply, so its loss alone is nobody's damage.
        expected = 3 if name in SERVED else 6  # an apply mends what is served
        if audited != expected and (name, damage) != ("the mark of the target", gone):
            wrong.append(f"{name}: audit exit {audited}: {told}")
        if planned not in (0, audited):
            wrong.append(f"{name}: plan exit {planned}: {plan}")
        if planned == 0 and name in ("the head of a journal", *SERVED):
            wrong.append(f"{name}: nothing is said: {plan}")
    assert not wrong, "\n".join(wrong)
    code, told = said(capfd, "audit")
    assert code == 0, told


def test_whatever_becomes_of_a_memory_the_plan_is_the_same(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    cache = project / ".git/reconciler/cache"
    for _ in range(1_000):  # nothing is remembered of what was touched a moment ago
        before = said(capfd, "plan", "production", "--check")
        if list(cache.glob("plan-*.json")):
            break
    (memory,) = cache.glob("plan-*.json")
    body = memory.read_bytes()
    for damage in DAMAGES:
        damage(memory)
        assert said(capfd, "plan", "production", "--check") == before, damage.__name__
        shutil.rmtree(cache)
        cache.mkdir()
        memory.write_bytes(body)


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__)
def test_whatever_becomes_of_a_plan_file_it_is_not_applied(
    project: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    file = tmp_path / "plan.json"
    assert said(capfd, "plan", "production", "--out", str(file))[0] == 0
    damage(file)
    code, told = said(capfd, "apply", "production", "--plan", str(file), "--yes")
    assert code == (0 if damage is a_link else 2 if damage in (gone, a_folder, a_pipe) else 6), told
    assert damage is a_link or "hint: " in told


WORK_TREE = ["manifests/production/wide.yaml", "reconciler.yaml", "environments/production.yaml", "requirements.lock"]


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__)
@pytest.mark.parametrize(
    "path", [WORK_TREE[0], *(pytest.param(path, marks=pytest.mark.soak(only=True)) for path in WORK_TREE[1:])]
)
def test_whatever_becomes_of_a_file_in_the_work_tree_validate_says_where(
    project: Path, capfd: pytest.CaptureFixture[str], path: str, damage: Callable[[Path], None]
) -> None:
    damage(project / path)
    code, told = said(capfd, "validate")
    # Without its manifest a model is simply not declared; that it is still served is a plan's business.
    undeclared = path.startswith("manifests/") and damage in (gone, a_folder, a_pipe)
    assert code == (0 if undeclared else 2), told
    assert undeclared or "E" in told
    assert said(capfd, "plan", "production", "--check", "--revision", "HEAD")[0] in (0, 2)
