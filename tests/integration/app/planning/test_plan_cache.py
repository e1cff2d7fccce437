"""`plan` from memory says what `plan` without memory says, whatever was done in between, and one that all processors
made what a single one says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.adapters.caches.plan_cache import CachedPlan, load, save
from reconciler.adapters.executors import fork_map
from reconciler.cli.error_reporting import guarded
from reconciler.core.artifact.journal import ReleasePointer, StoreMark
from reconciler.testing.memory_keys import key_of
from tests.support.effort import FULL
from tests.support.fleet import make_fleet
from tests.support.once import copy

pytestmark = pytest.mark.usefixtures("warm_workers")
ABREAST = 32  # the least that several processes plan, with some to lose
MODELS = ABREAST if FULL else 22  # few, and so many that some are taken from memory and left out of what is printed
NAME = "model-00007"


TakeCopy = Callable[[int], Path]


@pytest.fixture(scope="module")
def take_copy(tmp_path_factory: pytest.TempPathFactory) -> TakeCopy:
    """Return copies of a fleet, each made some tests ahead: what was touched too lately is not remembered."""
    originals: dict[int, Path] = {}
    waiting: dict[int, deque[Path]] = {}

    def take(models: int) -> Path:
        if models not in originals:
            folder = originals[models] = make_fleet(tmp_path_factory, models)
            git(folder, "config", "user.name", "Ada")
            git(folder, "config", "user.email", "ada@example.org")
        copies = waiting.setdefault(models, deque())
        while len(copies) < 5:
            copies.append(copy(originals[models], tmp_path_factory.mktemp("copy") / "project"))
        return copies.popleft()

    return take


@pytest.fixture
def fleet(take_copy: TakeCopy, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fleet whose plan is remembered: planned until nothing was touched too lately to be believed."""
    return entered(take_copy(MODELS), monkeypatch)


@pytest.fixture
def large_fleet(take_copy: TakeCopy, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One that several processes plan."""
    return entered(take_copy(ABREAST), monkeypatch, ABREAST)


def entered(folder: Path, monkeypatch: pytest.MonkeyPatch, models: int = MODELS) -> Path:
    monkeypatch.chdir(folder)
    plan_until_remembered(folder, models)
    return folder


def plan_until_remembered(folder: Path, models: int = MODELS) -> None:
    for _ in range(40):
        assert guarded(["plan", "production"]) == 0
        memo = remembered(folder)
        if memo is not None and len(memo.settled) == models:
            return
    raise AssertionError("the plan was never remembered")


def cache(folder: Path) -> Path:
    return folder / ".git/reconciler/cache"


def memo_file(folder: Path) -> Path:
    (found,) = cache(folder).glob("plan-production-*.json")
    return found


# The clock goes on between two plans.
AGE = re.compile(r"\b\d+ ?[a-z]+ ago|just now")


def remembered(folder: Path) -> CachedPlan | None:
    found = list(cache(folder).glob("plan-production-*.json"))
    return load(found[0]) if found else None


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@contextmanager
def one_processor() -> Iterator[None]:
    """As on a machine that has no other."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def planned(capfd: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    capfd.readouterr()
    code = guarded(["plan", "production", "--check"])
    out, err = capfd.readouterr()
    return code, AGE.sub("some time ago", out), err


def commit(folder: Path, path: str, old: str, new: str) -> None:
    text = (folder / path).read_text()
    assert old in text
    (folder / path).write_text(text.replace(old, new))
    git(folder, "commit", "-qam", "Changed")


def release(folder: Path) -> Path:
    (found,) = (folder / f"serving/{NAME}/releases").iterdir()
    return found


def rewrite(path: Path, body: bytes) -> None:
    if path.exists():
        path.chmod(0o644)
    path.write_bytes(body)


def lower(folder: Path) -> None:
    path = folder / f"serving/{NAME}/current"
    served = codec.decode(ReleasePointer, path.read_bytes(), what="current")
    entry = folder / f".reconciler/production/journal/production/{NAME}/28.json"
    from reconciler.core.digest import digest_of_bytes

    older = ReleasePointer(
        project=served.project,
        environment=served.environment,
        model=served.model,
        n=28,
        entry=digest_of_bytes(entry.read_bytes()),
        artifact=served.artifact,
    )
    path.write_bytes(codec.encode(older))


def leave_environment(folder: Path) -> None:
    """Declare an environment and drop it again, with its store left behind."""
    path = folder / "environments/lab.yaml"
    path.write_text((folder / "environments/sandbox.yaml").read_text().replace("name: sandbox", "name: lab"))
    (folder / ".reconciler/lab").mkdir()
    (folder / ".reconciler/lab/store.json").write_bytes(codec.encode(StoreMark(project="bench", environment="lab")))
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "A lab")
    git(folder, "rm", "-q", "environments/lab.yaml")
    git(folder, "commit", "-qm", "No lab")


def trust_keys(folder: Path, *, required: bool) -> None:
    """Trust keys that signed nothing."""
    (folder / "keys").mkdir(exist_ok=True)
    roles = ("trainer", "promoter")
    for role in roles:
        pem = f"-----BEGIN PUBLIC KEY-----\n{key_of(role).der}\n-----END PUBLIC KEY-----\n"
        (folder / f"keys/{role}.pub").write_text(pem)
    git(folder, "add", "-A")
    keys = ", ".join(f"{role}: [{{key: keys/{role}.pub}}]" for role in roles)
    trusted = f"  trust: {{required: {str(required).lower()}, keys: {{{keys}}}}}"
    commit(folder, "environments/production.yaml", "spec:", f"spec:\n{trusted}")


CHANGES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda folder: None,
    "a byte of the served model": lambda folder: rewrite(
        release(folder) / "model.skops", b"x" + (release(folder) / "model.skops").read_bytes()[1:]
    ),
    "a served file is gone": lambda folder: (release(folder) / "recipe.json").unlink(),
    "a file beside the served ones": lambda folder: (release(folder) / "extra").write_text("x"),
    "the pointer is gone": lambda folder: (folder / f"serving/{NAME}/current").unlink(),
    "the pointer is damaged": lambda folder: (folder / f"serving/{NAME}/current").write_text("{}"),
    "the pointer is behind": lower,
    "everything served is gone": lambda folder: shutil.rmtree(folder / "serving"),
    "another's target": lambda folder: rewrite(folder / "serving/owner.json", b"{}"),
    "a model that nobody declared": lambda folder: shutil.copytree(
        folder / f"serving/{NAME}", folder / "serving/stranger"
    ),
    "the journal lost its last entry": lambda folder: (
        folder / f".reconciler/production/journal/production/{NAME}/29.json"
    ).unlink(),
    "the journal's head is damaged": lambda folder: rewrite(
        folder / f".reconciler/production/journal/production/{NAME}/29.json", b"{}"
    ),
    "a journal of somebody undeclared": lambda folder: shutil.copytree(
        folder / f".reconciler/production/journal/production/{NAME}",
        folder / ".reconciler/production/journal/production/stranger",
    ),
    "a manifest's owner": lambda folder: commit(
        folder, f"manifests/production/{NAME}.yaml", f"name: {NAME}", f"name: {NAME}, owner: me"
    ),
    "a manifest's gates": lambda folder: commit(
        folder,
        f"manifests/production/{NAME}.yaml",
        "seed: 7",
        "seed: 7\n  gates: [{uses: performance-grade, atLeast: A}]",
    ),
    "a manifest's recipe": lambda folder: commit(folder, f"manifests/production/{NAME}.yaml", "seed: 7", "seed: 8"),
    "a manifest is not valid": lambda folder: commit(
        folder, f"manifests/production/{NAME}.yaml", "seed: 7", "seed: many"
    ),
    "another environment's manifest is not valid": lambda folder: commit(
        folder, "manifests/sandbox/wide.yaml", "seed: 7", "seed: many"
    ),
    "a manifest with a symbolic link": lambda folder: (
        (folder / "manifests/production/linked.yaml").symlink_to(f"{NAME}.yaml"),
        git(folder, "add", "-A"),
        git(folder, "commit", "-qm", "Linked"),
    ),
    "a manifest is gone": lambda folder: (
        git(folder, "rm", "-q", f"manifests/production/{NAME}.yaml"),
        git(folder, "commit", "-qm", "Gone"),
    ),
    "the environment's policy": lambda folder: commit(
        folder, "environments/production.yaml", "atLeast: 0.2", "atLeast: 0.99"
    ),
    "the environment trusts keys": lambda folder: trust_keys(folder, required=False),
    "the environment asks for signatures": lambda folder: trust_keys(folder, required=True),
    "the controls log is damaged": lambda folder: rewrite(
        folder / ".reconciler/production/controls/production/0.json", b"{}"
    ),
    "the controls log is gone": lambda folder: shutil.rmtree(folder / ".reconciler/production/controls"),
    "the controls log has an entry of a stranger": lambda folder: rewrite(
        folder / ".reconciler/production/controls/production/1.json", b"{}"
    ),
    "the project's name": lambda folder: commit(folder, "reconciler.yaml", "name: bench", "name: other"),
    "the branch went back": lambda folder: (
        git(folder, "checkout", "-q", "--detach"),
        git(folder, "branch", "-f", "main", "HEAD~3"),
    ),
    "an environment is gone, and its store is not": leave_environment,
    "nothing that counts was committed": lambda folder: (
        (folder / "notes.txt").write_text("x"),
        git(folder, "add", "-A"),
        git(folder, "commit", "-qm", "Notes"),
    ),
    "a manifest is not committed": lambda folder: (folder / f"manifests/production/{NAME}.yaml").write_text("x"),
    "a store's file was committed": lambda folder: (
        git(folder, "add", "-f", ".reconciler/production/journal/production/wide"),
        git(folder, "commit", "-qm", "Planted"),
    ),
    "a store's file was committed in another case": lambda folder: (
        (folder / ".Reconciler").mkdir(),
        (folder / ".Reconciler/production").mkdir(),
        (folder / ".Reconciler/production/store.json").write_text("{}"),
        git(folder, "add", "-f", ".Reconciler"),
        git(folder, "commit", "-qm", "Planted"),
    ),
    "a link on the way to the store was committed": lambda folder: (
        shutil.move(folder / ".reconciler", folder / "moved"),
        (folder / ".reconciler").symlink_to("moved"),
        git(folder, "add", "-f", ".reconciler"),
        git(folder, "commit", "-qm", "Planted"),
        (folder / ".reconciler").unlink(),
        shutil.move(folder / "moved", folder / ".reconciler"),
    ),
}


@pytest.mark.soak
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_is_remembered_never_changes_what_is_said(
    fleet: Path, capfd: pytest.CaptureFixture[str], change: Callable[[Path], object]
) -> None:
    hold_memory_to_what_is(fleet, capfd, change)


@pytest.mark.soak(every=3)
@pytest.mark.parametrize("name", ["the pointer is gone", "a manifest's gates", "the environment's policy"])
def test_nor_does_how_many_processes_plan(large_fleet: Path, capfd: pytest.CaptureFixture[str], name: str) -> None:
    without = hold_memory_to_what_is(large_fleet, capfd, CHANGES[name])
    shutil.rmtree(cache(large_fleet), ignore_errors=True)
    with one_processor():
        assert planned(capfd) == without


def hold_memory_to_what_is(
    folder: Path, capfd: pytest.CaptureFixture[str], change: Callable[[Path], object]
) -> tuple[int, str, str]:
    """Check what a plan with memory says, once and again, against one without, which is returned."""
    change(folder)
    with_memory = planned(capfd)
    again = planned(capfd) if FULL else with_memory
    shutil.rmtree(cache(folder))
    without = planned(capfd)
    assert with_memory == without
    assert again == without
    return without


def test_a_link_of_the_operator_that_is_pointed_elsewhere_is_seen(
    fleet: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What lies behind the link is remembered by its real path, so the link itself must be, too."""
    disk, old = tmp_path / "disk", tmp_path / "old"
    shutil.move(fleet / ".reconciler", disk)
    shutil.copytree(disk, old)
    (old / f"production/journal/production/{NAME}/29.json").unlink()
    (fleet / ".reconciler").symlink_to(disk)
    shutil.rmtree(cache(fleet))
    plan_until_remembered(fleet)
    before = planned(capfd)
    (fleet / ".reconciler").unlink()
    (fleet / ".reconciler").symlink_to(old)
    after = planned(capfd)
    assert before[0] == 0
    assert after[0] == 6, after


def test_what_comes_to_be_served_in_a_folder_that_was_there_is_seen(
    fleet: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(fleet / f"serving/{NAME}", fleet / "serving/stranger")
    (fleet / "serving/stranger/current").unlink()
    shutil.rmtree(cache(fleet))
    plan_until_remembered(fleet)
    (fleet / "serving/stranger/current").write_bytes(b"{}")
    assert f"{MODELS + 1} unchanged" in planned(capfd)[1]


def test_what_is_carried_on_is_as_old_as_it_was(fleet: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Else a change a day would keep what was hashed once for ever."""
    memo = load(memo_file(fleet))
    assert memo is not None
    save(memo_file(fleet), replace(memo, saved=memo.saved - 80_000))
    commit(fleet, f"manifests/production/{NAME}.yaml", f"name: {NAME}", f"name: {NAME}, owner: me")
    planned(capfd)
    after = load(memo_file(fleet))
    assert after is not None
    assert after.basis["revision"] != memo.basis["revision"]
    assert after.saved == memo.saved - 80_000


@pytest.mark.skipif(fork_map.count() < 2, reason="this machine has one processor")
def test_all_processors_remember_what_a_single_one_does(large_fleet: Path) -> None:
    rewrite(release(large_fleet) / "model.skops", b"x")
    found = []
    for _ in range(40):  # until nothing was touched too lately to be believed
        shutil.rmtree(cache(large_fleet))
        assert guarded(["plan", "production"]) == 0
        shared = remembered(large_fleet)
        shutil.rmtree(cache(large_fleet))
        with one_processor():
            assert guarded(["plan", "production"]) == 0
        alone = remembered(large_fleet)
        if shared is not None and alone is not None:
            # What all have in common is looked at in another order, and each plan from the ground up has its own name.
            found = [
                replace(
                    memo,
                    saved=0,
                    signature="",
                    written="",
                    paths=tuple(sorted(memo.paths)),
                    basis=memo.basis | {"generation": ""},
                )
                for memo in (shared, alone)
            ]
            break
    assert len(found[0].settled) == ABREAST - 1
    assert found[0].unsettled == (NAME,)
    assert found[0] == found[1]


def test_nothing_is_loaded_that_only_a_plan_with_news_needs(fleet: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "reconciler", "plan", "production"]
    said = subprocess.run(command, cwd=fleet, capture_output=True, text=True, check=True).stderr
    loaded = {line.rpartition("|")[2].strip() for line in said.splitlines()}
    assert not loaded & {"pydantic", "yaml", "git", "reconciler.core.plan.plan", "reconciler.engine.plan.make_plan"}


def test_only_the_model_that_changed_is_planned_anew(fleet: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rewrite(release(fleet) / "model.skops", b"x")
    code, out, _ = planned(capfd)
    assert code == 3
    assert f"~ {NAME}  restore: tampered" in out
    assert f"= {MODELS - 1} more models in sync" in out


def test_a_memory_cut_short_is_none(fleet: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = planned(capfd)
    path = memo_file(fleet)
    whole = path.read_bytes()
    for keep in (0, 1, 20, 33, 34, 500, -1):
        path.write_bytes(whole[:keep])
        assert planned(capfd) == before, keep


def test_a_memory_with_a_changed_byte_is_none(fleet: Path) -> None:
    path = memo_file(fleet)
    body = path.read_bytes()
    assert load(path) is not None
    for at in range(0, len(body), 97):
        path.write_bytes(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
        assert load(path) is None, at


def test_a_memory_with_other_words_in_it_is_none(fleet: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import hashlib

    before, path = planned(capfd), memo_file(fleet)
    for body in (b"", b"null", b"[]", b"{}", b'{"format": 1}', b"\xff\xfe", b"[" * 100_000):
        path.write_bytes(hashlib.blake2b(body, digest_size=16).hexdigest().encode() + b"\n" + body)
        assert planned(capfd) == before, body


def test_yesterdays_memory_is_none(fleet: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = planned(capfd)
    path = memo_file(fleet)
    for moved in (-86_500, 86_500):
        memo = load(path)
        assert memo is not None
        memo.saved += moved
        save(path, memo)
        assert planned(capfd) == before
        fresh = load(path)
        assert fresh is not None
        assert abs(fresh.saved - memo.saved) > 80_000, "it was planned anew"


def test_what_another_version_of_the_program_remembered_is_none(fleet: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before, path = planned(capfd), memo_file(fleet)
    memo = load(path)
    assert memo is not None
    ours = memo.basis["code"]
    memo.basis["code"] = "of another version"
    save(path, memo)
    assert planned(capfd) == before
    fresh = load(path)
    assert fresh is not None
    assert fresh.basis["code"] == ours, "it was planned anew"


def test_a_plan_for_a_file_or_a_program_is_always_made_anew(fleet: Path, tmp_path: Path) -> None:
    assert guarded(["plan", "production", "--out", str(tmp_path / "plan.json")]) == 0
    document = json.loads((tmp_path / "plan.json").read_text())
    assert all(part["basis"]["recipe"] for part in document["models"])
