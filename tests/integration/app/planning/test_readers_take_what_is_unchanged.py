"""What `plan --output json`, `status` and an idle `apply` take from memory never changes what they say (ADR 39).

The reference is the same command with -v, which takes nothing from memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters.caches import model_texts
from reconciler.adapters.caches.plan_cache import load, save
from reconciler.adapters.filesystem.store import FilesStore
from reconciler.app.planning import git_state
from reconciler.app.planning.idle_apply import idle_apply
from reconciler.app.project_options import ProjectOptions
from reconciler.cli.error_reporting import guarded
from reconciler.core.digest import digest_of_bytes
from reconciler.engine.monitoring import monitoring_log
from tests.integration.app.planning.test_plan_cache import (
    CHANGES,
    MODELS,
    NAME,
    TakeCopy,
    cache,
    fleet,
    git,
    memo_file,
    plan_until_remembered,
    release,
    remembered,
    rewrite,
    take_copy,
)
from tests.support import effort
from tests.unit.engine.monitoring.test_monitoring_log import RECORD

__all__ = ["fleet", "take_copy"]  # fixtures

pytestmark = pytest.mark.usefixtures("warm_workers")
PLAN = ("plan", "production", "--check", "--output", "json")
STATUS = ("status", "production", "--output", "json")
TABLE = ("status", "production")
APPLY = ("apply", "production", "--yes")
MEMORIES = ("apply", "plan", "status", "json")  # the ends of the names of the files
CLOCK = re.compile(r'("(?:dataAge|snapshotAge|seconds)": )[\d.]+|\b\d+ ?[a-z]+ ago|just now')


@pytest.fixture
def printed(fleet: Path) -> Path:
    """A fleet of which everything is remembered that each command printed."""
    for command in (APPLY, PLAN, STATUS):  # the first apply records controls and registers journals
        run_until_remembered(fleet, command)
    return fleet


@pytest.fixture(scope="module")
def kept(take_copy: TakeCopy) -> Path:
    """Such a fleet for all tests that put back what they change."""
    folder = take_copy(MODELS)
    with contextlib.chdir(folder):
        plan_until_remembered(folder)
        for command in (APPLY, PLAN, STATUS):
            run_until_remembered(folder, command)
    return folder


@pytest.fixture
def shared(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(kept)
    for command in (APPLY, PLAN, STATUS):
        if not is_remembered(kept, command):
            run_until_remembered(kept, command)
    return kept


def run_until_remembered(folder: Path, command: tuple[str, ...]) -> None:
    for _ in range(40):  # what was touched too lately is not remembered
        assert guarded(list(command)) == 0
        if is_remembered(folder, command):
            return
    raise AssertionError(f"{command} was never remembered")


def is_remembered(folder: Path, command: tuple[str, ...]) -> bool:
    if command is APPLY:
        return is_idle(folder)
    texts = model_texts.load(file(folder, command[0]), generation(folder), lambda name, made_from: True)
    count = len(texts.places) if texts is not None else 0
    if texts is not None:
        texts.close()
    return count == MODELS


def generation(folder: Path) -> str:
    memo = remembered(folder)
    return memo.basis["generation"] if memo is not None else ""


def file(folder: Path, kind: str) -> Path:
    (path,) = cache(folder).glob("plan-production-*.json")
    return path.with_suffix(f".{kind}")


def is_idle(folder: Path) -> bool:
    """Tell whether an apply would return at once."""
    apply = idle_apply(ProjectOptions(root=folder), git_state.read(folder, "production"))
    return apply is not None and apply.result() is not None


def said(capfd: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    capfd.readouterr()
    code = guarded(list(command))
    return code, CLOCK.sub(r"\1now", capfd.readouterr().out)


def said_anew(capfd: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    """Return what a command says that remembers nothing, and leave what is remembered as it is."""
    kept = cache(Path.cwd())
    aside = kept.rename(kept.with_name("aside"))
    try:
        return said(capfd, *command)
    finally:
        shutil.rmtree(kept, ignore_errors=True)
        aside.rename(kept)


@pytest.mark.soak
@pytest.mark.parametrize("number", effort.spread(range(len(CHANGES)), "KINDS_OF_CHANGE"), ids=[*CHANGES].__getitem__)
def test_what_is_remembered_never_changes_what_a_reader_says(
    printed: Path, capfd: pytest.CaptureFixture[str], number: int
) -> None:
    name = [*CHANGES][number]
    CHANGES[name](printed)
    assert is_idle(printed) == (name in ("nothing", "a manifest is not committed"))
    for command in (PLAN, STATUS):
        assert said(capfd, *command) == said_anew(capfd, *command), command


def test_what_the_second_run_says_is_what_the_first_one_did(shared: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for command in (
        PLAN,
        STATUS,
        TABLE,
        ("status",),
        ("status", "--output", "json"),
        APPLY,
        (*APPLY, "--output", "json"),
    ):
        first, second = said(capfd, *command), said(capfd, *command)
        assert first == second == said_anew(capfd, *command), command


def test_what_monitoring_found_since_is_told_and_plans_nothing(
    printed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _, status = said(capfd, *STATUS)
    [model] = [each for each in json.loads(status)["environments"][0]["models"] if each["model"] == NAME]
    store = FilesStore(printed / ".reconciler/production", declared=printed / ".reconciler/production")
    monitoring_log.append(store, replace(RECORD, model=NAME, artifact=model["artifact"]))
    assert is_idle(printed)
    code, degraded = said(capfd, *STATUS)
    assert code == 0
    assert (code, degraded) == said_anew(capfd, *STATUS)
    models = {each["model"]: each for each in json.loads(degraded)["environments"][0]["models"]}
    assert [name for name, each in models.items() if each["health"] == "DEGRADED"] == [NAME]
    table = said(capfd, *TABLE)
    assert "degraded by known outcomes" in table[1]
    assert table == said_anew(capfd, *TABLE)
    # Of another artifact than the deployed one it says nothing.
    monitoring_log.append(store, replace(RECORD, model=NAME, artifact=digest_of_bytes(b"another")))
    assert "DEGRADED" not in said(capfd, *STATUS)[1]


def test_the_age_of_the_data_goes_on(shared: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It is no part of what is remembered of a model."""
    assert '"dataAge": ,' in file(shared, "plan").read_text()
    capfd.readouterr()
    assert guarded(list(PLAN)) == 0
    assert len(re.findall(r'"dataAge": \d+,', capfd.readouterr().out)) == MODELS


def test_a_model_that_changed_is_put_in_its_place_and_remembered_again(
    printed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = release(printed) / "model.skops"
    whole = path.read_bytes()
    rewrite(path, b"x" + whole[1:])
    for command in (PLAN, STATUS, TABLE):
        code, out = said(capfd, *command)
        assert (code, out) == said_anew(capfd, *command)
        assert code == 3
        assert "tampered" in out
    rewrite(path, whole)
    for command in (PLAN, STATUS, TABLE):
        assert said(capfd, *command) == said_anew(capfd, *command)
    assert not is_idle(printed), "no apply has read what was put back"


def test_nothing_is_loaded_that_only_changes_need(shared: Path) -> None:
    for command in (PLAN, STATUS, TABLE, APPLY):
        script = [sys.executable, "-X", "importtime", "-m", "reconciler", *command]
        said = subprocess.run(script, cwd=shared, capture_output=True, text=True, check=True).stderr
        loaded = {line.rpartition("|")[2].strip() for line in said.splitlines()}
        assert not loaded & {"pydantic", "yaml", "reconciler.engine.plan.make_plan", "reconciler.ports"}, command
        if "status" in command:  # whose classes take longer to make than a thousand models to compare
            assert not loaded & {"reconciler.core.plan.plan", "reconciler.engine.storage.journal"}, command


@pytest.mark.soak
@pytest.mark.parametrize("kind", effort.spread(MEMORIES, "MEMORIES"))
def test_memory_that_is_damaged_changes_nothing_that_is_said(
    shared: Path, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    command = {"plan": PLAN, "status": STATUS, "apply": APPLY, "json": PLAN}[kind]
    before, path = said_anew(capfd, *command), file(shared, kind)
    body = path.read_bytes()
    for damaged in (
        b"",
        body[:40],
        body[:-2],
        body[:-1] + b" ",
        body + b"\n",
        bytes([body[0] ^ 1]) + body[1:],  # it begins with the digits of a checksum
        body[:50] + bytes([body[50] ^ 1]) + body[51:],
    ):
        path.write_bytes(damaged)
        assert kind != "apply" or not is_idle(shared)
        assert said(capfd, *command) == before


def test_no_changed_byte_of_it_is_believed(shared: Path) -> None:
    for kind in ("plan", "status", "apply"):
        path = file(shared, kind)
        body, step = path.read_bytes(), len(path.read_bytes()) // 40 + 1
        for at in range(0, len(body), step):
            path.write_bytes(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
            assert not is_remembered(shared, APPLY if kind == "apply" else (kind,)), (kind, at)
        path.write_bytes(body)


@pytest.mark.soak
@pytest.mark.parametrize("kind", effort.spread(MEMORIES, "MEMORIES"))
def test_memory_that_others_may_write_or_own_is_not_believed(shared: Path, kind: str) -> None:
    path, command = file(shared, kind), APPLY if kind in ("apply", "json") else (kind,)
    assert is_remembered(shared, command)
    for mode in (0o664, 0o646):
        path.chmod(mode)
        assert not is_remembered(shared, command), oct(mode)
    path.chmod(0o644)
    assert is_remembered(shared, command)
    moved = path.rename(path.with_name("moved"))
    path.symlink_to(moved)
    assert not is_remembered(shared, command)
    path.unlink()
    moved.rename(path)
    if os.geteuid() == 0:
        os.chown(path, 12_345, -1)
        assert not is_remembered(shared, command)


def test_memory_of_another_generation_is_not_taken(printed: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """As when two commands end at once, of which one began without memory."""
    memo_file(printed).unlink()
    assert guarded(["plan", "production"]) == 0
    for command in (PLAN, STATUS, APPLY):
        assert not is_remembered(printed, command)
        assert said(capfd, *command) == said_anew(capfd, *command)


def test_memory_of_another_program_or_of_yesterday_is_not_taken(shared: Path) -> None:
    memo = load(memo_file(shared))
    assert memo is not None
    for changed in ({"saved": memo.saved - 86_500}, {"until": memo.saved - 1}, {"basis": {**memo.basis, "code": "x"}}):
        other = load(memo_file(shared))
        assert other is not None
        for name, value in changed.items():
            setattr(other, name, value)
        save(memo_file(shared), other)
        assert not is_idle(shared), changed
        save(memo_file(shared), memo)
        assert is_idle(shared)


STORE = ".reconciler/production"


@contextlib.contextmanager
def gone(path: Path) -> Iterator[None]:
    path.rename(path.with_name("elsewhere"))
    yield
    path.with_name("elsewhere").rename(path)


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[None]:
    git(folder, "add", "-f", f"{STORE}/store.json")
    yield
    git(folder, "rm", "-q", "--cached", f"{STORE}/store.json")


@contextlib.contextmanager
def marked_by_another(mark: Path) -> Iterator[None]:
    own = mark.read_bytes()
    rewrite(mark, b"{}")
    yield
    rewrite(mark, own)


@contextlib.contextmanager
def at_an_older_commit(folder: Path) -> Iterator[None]:
    git(folder, "checkout", "-q", "--detach", "HEAD~1")
    yield
    git(folder, "checkout", "-q", "main")


NOT_IDLE: dict[str, Callable[[Path], contextlib.AbstractContextManager[None]]] = {
    "no apply had nothing to do": lambda folder: gone(file(folder, "apply")),
    "a file of the store is staged": staged,
    "an older commit is looked at": at_an_older_commit,
    "the controls log is gone": lambda folder: gone(folder / f"{STORE}/controls"),
    "the register is gone": lambda folder: gone(folder / f"{STORE}/register"),
    "what the clone saw is gone": lambda folder: gone(folder / ".git/reconciler/seen"),
    "the store's mark is another's": lambda folder: marked_by_another(folder / f"{STORE}/store.json"),
}


def test_an_apply_reads_everything_unless_all_that_the_last_one_read_is_the_same(printed: Path) -> None:
    for name, changed in NOT_IDLE.items():
        run_until_remembered(printed, APPLY)
        with changed(printed):
            assert not is_idle(printed), name


def test_an_apply_is_remembered_after_a_commit_that_changes_no_control(printed: Path) -> None:
    """What controls are read from changed, and what is recorded of them did not: no entry says so, now or ever."""
    manifest = printed / f"manifests/production/{NAME}.yaml"
    manifest.write_text(
        re.sub(r"(metadata: \{name: [a-z0-9-]+)", r"\1, owner: somebody-else", manifest.read_text(), count=1)
    )
    git(printed, "commit", "-q", "-a", "-m", "Another owner")
    assert not is_idle(printed)
    run_until_remembered(printed, APPLY)


def test_an_apply_of_some_models_or_with_a_refresh_or_a_plan_reads_everything(
    printed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (printed / f"{STORE}/blobs").rename(printed / f"{STORE}/elsewhere")  # blobs are not looked at from memory
    assert said(capfd, *APPLY)[0] == 0
    assert said(capfd, "apply", "production", NAME, "--yes")[0] == 6
    assert said_anew(capfd, *APPLY)[0] == 6
