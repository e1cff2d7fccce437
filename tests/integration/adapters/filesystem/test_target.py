"""The directory target on a real disk: kills while placing and mending, late writers, foreign and odd contents."""

from __future__ import annotations

import fcntl
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler import codec
from reconciler.adapters.filesystem.target import DirectoryTarget
from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.observed_state import DriftType, LiveDeployment
from reconciler.core.digest import digest_of_bytes, hex_of
from reconciler.errors import ConflictError, IntegrityError, TargetError
from reconciler.testing.contracts.stores_and_targets import ENVIRONMENT, PROJECT, current, release
from tests.support.effort import spread
from tests.support.traced import Traced

MODEL = "model.skops"
WRITERS = "tests.integration.adapters.filesystem.writers"
WRITE = (sys.executable, "-B", "-P", "-m", WRITERS)


def target_in(root: Path, *, patience: float = 30.0) -> DirectoryTarget:
    return DirectoryTarget(root, project=PROJECT, environment=ENVIRONMENT, patience=patience)


def served_folder(target: DirectoryTarget) -> Path:
    folder = target.release("payments")
    assert folder is not None
    return folder


def arguments(root: Path, what: ReleasePointer, files: dict[str, Path]) -> tuple[str, str, str]:
    """Return the arguments of `writers.place`."""
    return str(root), json.dumps(codec.to_json(what)), json.dumps({name: str(path) for name, path in files.items()})


@pytest.fixture(scope="module")
def traced() -> Iterator[Traced]:
    with Traced(WRITERS) as traced:
        yield traced


def spoil(folder: Path) -> None:
    """By hand: a byte changed, a file gone, one added, one replaced by a link and one by a folder."""
    (folder / MODEL).chmod(0o644)
    (folder / MODEL).write_bytes(b"evil")
    (folder / "schema.json").unlink()
    (folder / "extra.py").write_bytes(b"x")
    (folder / "recipe.json").unlink()
    (folder / "recipe.json").symlink_to("/etc/hostname")
    (folder / "probe.json").unlink()
    (folder / "probe.json").mkdir()
    (folder / "probe.json" / "deep").write_bytes(b"x")


@pytest.mark.soak
@pytest.mark.needs("strace")
@pytest.mark.parametrize("start", ["empty", "older release", "spoiled release"])
@pytest.mark.parametrize("calls", ["fsync", "link,linkat", "rename,renameat,renameat2", "unlink,unlinkat,rmdir"])
def test_a_place_killed_at_any_durable_call_serves_the_old_or_the_new_and_is_finished_by_the_next(
    calls: str, start: str, traced: Traced, tmp_path: Path
) -> None:
    with release(b"old") as (old, before), release(b"new") as (new, after):
        template = tmp_path / "template"
        template.mkdir()
        if start != "empty":
            artifact, files = (old, before) if start == "older release" else (new, after)
            target_in(template / "serving").place(current(1, artifact), files)
            if start == "spoiled release":
                spoil(served_folder(target_in(template / "serving")))
        what = current(2, new)
        right = {name: path.read_bytes() for name, path in after.items()}

        def run(folder: Path, *inject: str) -> int:
            shutil.copytree(template, folder, symlinks=True)
            words = arguments(folder / "serving", what, dict(after))
            return traced.run("place", *words, log=folder / "log", options=("-e", f"trace={calls}", *inject))[0]

        run(tmp_path / "counted")
        log = (tmp_path / "counted" / "log").read_text()
        counts = Counter(re.findall(r"^\d+ +(\w+)\(", log, re.MULTILINE))
        if calls.startswith("link") and start != "empty":
            assert not counts, "the owner's mark is there"
            return
        assert counts
        kills = [(name, index) for name, n in counts.items() for index in spread(range(1, n + 1), "PLACE_STRIDE")]
        for name, index in kills:
            folder = tmp_path / f"{name}-{index}"  # strace counts each system call by itself
            assert run(folder, "-e", f"inject={name}:signal=SIGKILL:when={index}") == -signal.SIGKILL
            target = target_in(folder / "serving")
            (found,) = target.observe(()) or (None,)
            pointer = found.current if found else None
            if pointer == what:
                assert found == LiveDeployment(model="payments", current=what)
            elif start == "empty":
                assert found is None
            elif start == "older release":
                assert found == LiveDeployment(model="payments", current=current(1, old))
            else:
                assert pointer == current(1, new)
                for file in right.keys() - {"schema.json", "recipe.json", "probe.json"}:
                    whole = (served_folder(target) / file).read_bytes()
                    assert whole == right[file] or (file == MODEL and whole == b"evil"), "a file was half mended"
            target.place(what, after)
            assert target.observe(()) == (LiveDeployment(model="payments", current=what),)
            assert {one.name: one.read_bytes() for one in served_folder(target).iterdir()} == right


@pytest.mark.soak
@pytest.mark.needs("strace")
def test_a_served_file_that_is_mended_is_at_no_moment_absent_or_half_written(traced: Traced, tmp_path: Path) -> None:
    """Killed at every system call that names this very file."""
    with release(b"new") as (new, after):
        template = tmp_path / "template"
        target_in(template).place(current(1, new), after)
        spoil(served_folder(target_in(template)))
        inside = served_folder(target_in(template)).relative_to(template) / MODEL

        def run(folder: Path, *inject: str) -> Path:
            shutil.copytree(template, folder, symlinks=True)
            served = folder / inside
            words = arguments(folder, current(2, new), dict(after))
            traced.run("place", *words, log=tmp_path / "log", options=("-P", str(served), *inject))
            return served

        run(tmp_path / "counted")
        counts = Counter(re.findall(r"^\d+ +(\w+)\(", (tmp_path / "log").read_text(), re.MULTILINE))
        assert counts["openat"] >= 2, "hashed before, and again when it is mended"
        for name in counts.keys() - {"read", "lseek", "ioctl", "close"}:
            for index in spread(range(1, counts[name] + 1), "PLACE_STRIDE"):
                served = run(tmp_path / f"{name}-{index}", "-e", f"inject={name}:signal=SIGKILL:when={index}")
                assert served.read_bytes() in (b"evil", after[MODEL].read_bytes()), (name, index)


def test_a_writer_that_was_held_up_while_a_newer_one_finished_changes_nothing(tmp_path: Path) -> None:
    target = target_in(tmp_path / "serving")
    with release(b"one") as (one, first), release(b"two") as (two, second):
        held = tmp_path / "held"
        os.mkfifo(held)
        late = subprocess.Popen(
            [*WRITE, "place", *arguments(target.root, current(1, one), {**first, MODEL: held})],
            stdout=subprocess.PIPE,
            text=True,
        )
        with held.open("wb") as stream:  # opens when the late writer reads: it is in the middle of copying
            target.place(current(2, two), second)
            stream.write(first[MODEL].read_bytes())
        said, _ = late.communicate(timeout=30)
        assert said.startswith("ConflictError: the target already serves entry 2")
        assert target.observe(()) == (LiveDeployment(model="payments", current=current(2, two)),)


@pytest.mark.soak(only=True)
def test_two_who_place_the_same_release_at_once_both_find_it_whole(tmp_path: Path) -> None:
    root = tmp_path / "serving"
    with release(b"one") as (one, files):
        racers = [subprocess.Popen([*WRITE, "place", *arguments(root, current(1, one), dict(files))]) for _ in range(4)]
        assert [racer.wait(timeout=60) for racer in racers] == [0, 0, 0, 0]
        assert target_in(root).observe(()) == (LiveDeployment(model="payments", current=current(1, one)),)
    assert not list(root.rglob(".tmp-*"))


def test_a_lock_that_is_never_released_ends_in_a_conflict_and_not_in_waiting(tmp_path: Path) -> None:
    target = target_in(tmp_path / "serving", patience=0.05)
    with release(b"one") as (one, files):
        target.place(current(1, one), files)
        with (target.root / "payments" / ".lock").open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(ConflictError, match=r"holds payments/\.lock"):
                target.place(current(2, one), files)
        target.place(current(2, one), files)


def test_the_target_of_another_project_or_environment_is_neither_read_nor_written(tmp_path: Path) -> None:
    with release(b"one") as (one, files):
        target_in(tmp_path).place(current(1, one), files)
        for project, environment in ((PROJECT, "staging"), ("village", ENVIRONMENT)):
            other = DirectoryTarget(tmp_path, project=project, environment=environment)
            entry = ReleasePointer(
                project=project, environment=environment, model="payments", n=9, entry=one, artifact=one, format=1
            )
            for attempt in (lambda other=other: other.observe(()), lambda o=other, e=entry: o.place(e, files)):
                with pytest.raises(IntegrityError) as refused:
                    attempt()
                assert refused.value.code == "E609"
        with pytest.raises(TargetError):
            target_in(tmp_path).place(entry, files)
        assert target_in(tmp_path).observe(())[0].current == current(1, one)


def test_a_lost_mark_is_set_again_unless_what_is_served_is_foreign(tmp_path: Path) -> None:
    with release(b"one") as (one, files):
        target = target_in(tmp_path)
        target.place(current(1, one), files)
        (tmp_path / "owner.json").unlink()
        stranger = DirectoryTarget(tmp_path, project="village", environment=ENVIRONMENT)
        assert [served.drift for served in stranger.observe(())] == [DriftType.UNMANAGED]
        with pytest.raises(IntegrityError):
            stranger.place(
                ReleasePointer(project="village", environment=ENVIRONMENT, model="x", n=0, entry=one, artifact=one),
                files,
            )
        target.place(current(2, one), files)
        assert (tmp_path / "owner.json").exists()


def test_a_pointer_copied_from_another_target_is_foreign_and_gives_way(tmp_path: Path) -> None:
    with release(b"one") as (one, files):
        target = target_in(tmp_path)
        target.place(current(1, one), files)
        foreign = ReleasePointer(
            project="village", environment=ENVIRONMENT, model="payments", n=99, entry=one, artifact=one
        )
        (tmp_path / "payments" / "current").write_bytes(codec.encode(foreign))
        assert target.observe(()) == (
            LiveDeployment(model="payments", current=None, drift=DriftType.UNMANAGED, files=("current",)),
        )
        target.place(current(2, one), files)
        assert target.observe(()) == (LiveDeployment(model="payments", current=current(2, one)),)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"{}"),
        lambda path: path.write_bytes(path.read_bytes()[:-9]),
        lambda path: path.write_bytes(b"[" * 100_000),
        lambda path: (path.unlink(), path.symlink_to("/etc/hostname")),
        lambda path: (path.unlink(), path.symlink_to("nowhere")),
        lambda path: (path.unlink(), os.mkfifo(path)),
    ],
    ids=["empty", "nothing in it", "truncated", "deep", "link", "dangling link", "pipe"],
)
def test_a_damaged_pointer_is_told_and_replaced(damage: Callable[[Path], object], tmp_path: Path) -> None:
    with release(b"one") as (one, files):
        target = target_in(tmp_path)
        target.place(current(1, one), files)
        damage(tmp_path / "payments" / "current")
        expected = LiveDeployment(model="payments", current=None, drift=DriftType.UNREADABLE, files=("current",))
        assert target.observe(()) == (expected,)
        assert target.release("payments") is None
        target.place(current(2, one), files)
        assert target.observe(()) == (LiveDeployment(model="payments", current=current(2, one)),)


def test_every_kind_of_tampering_is_named_and_mended(tmp_path: Path) -> None:
    with release(b"one") as (one, files):
        target = target_in(tmp_path)
        target.place(current(1, one), files)
        spoil(served_folder(target))
        (served,) = target.observe(())
        wrong = ("extra.py", MODEL, "probe.json", "recipe.json", "schema.json")
        assert (served.drift, served.files) == (DriftType.TAMPERED, wrong)
        untouched = (served_folder(target) / "evaluation.json").stat().st_ino
        target.place(current(2, one), files)
        assert target.observe(()) == (LiveDeployment(model="payments", current=current(2, one)),)
        assert (served_folder(target) / "evaluation.json").stat().st_ino == untouched


@pytest.mark.parametrize("to", ["elsewhere", "nowhere", "itself"])
def test_a_release_that_is_a_link_is_tampering_and_is_replaced_by_a_folder(tmp_path: Path, to: str) -> None:
    with release(b"one") as (one, files):
        target = target_in(tmp_path)
        target.place(current(1, one), files)
        folder = served_folder(target)
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(folder if to == "itself" else tmp_path / to)
        assert target.observe(())[0].drift is DriftType.TAMPERED
        target.place(current(2, one), files)
        assert target.observe(())[0].drift is None
        assert not served_folder(target).is_symlink()


@pytest.mark.parametrize(
    "manifest",
    [
        b"{}",
        b"not json",
        b"[" * 100_000,
        b'{"config":{"digest":"x","size":1},"layers":[{"digest":"x","size":1,"annotations":'
        b'{"org.cncf.model.filepath":"../../../etc/hostname"}}]}',
    ],
    ids=["nothing", "no json", "deep", "a path that leaves"],
)
def test_a_made_up_release_under_its_right_digest_is_tampering_and_no_traceback(
    manifest: bytes, tmp_path: Path
) -> None:
    with release(b"one") as (one, files):
        target = target_in(tmp_path)
        target.place(current(1, one), files)
        digest = digest_of_bytes(manifest)
        folder = tmp_path / "payments" / "releases" / hex_of(digest)
        folder.mkdir()
        (folder / "manifest.json").write_bytes(manifest)
        (tmp_path / "payments" / "current").write_bytes(codec.encode(current(5, digest)))
        assert target.observe(())[0].drift is DriftType.TAMPERED


def test_files_that_are_not_the_artifacts_are_never_served(tmp_path: Path) -> None:
    with release(b"one") as (one, first), release(b"two") as (two, second):
        target = target_in(tmp_path)
        target.place(current(1, one), first)
        for wrong in (
            {**second, MODEL: first[MODEL]},
            {name: path for name, path in second.items() if name != MODEL},
            {**second, "extra": first[MODEL]},
            {**second, "../extra": first[MODEL]},
        ):
            with pytest.raises(IntegrityError):
                target.place(current(2, two), wrong)
        assert target.observe(()) == (LiveDeployment(model="payments", current=current(1, one)),)
        assert not list(tmp_path.rglob("extra"))
        assert not list(tmp_path.rglob(".tmp-*"))


def test_a_disk_that_is_full_leaves_what_was_served(tmp_path: Path) -> None:
    with release(b"one") as (one, first), release(b"two" * 10_000) as (two, second):
        target = target_in(tmp_path)
        target.place(current(1, one), first)
        said = subprocess.run(
            [*WRITE, "place", *arguments(tmp_path, current(2, two), dict(second))],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert said.startswith("TargetError: E608 cannot write to the target")
        assert "bytes needed)" in said
        assert target.observe(()) == (LiveDeployment(model="payments", current=current(1, one)),)
        assert not list(tmp_path.rglob(".tmp-*"))


def test_other_peoples_folders_are_left_alone(tmp_path: Path) -> None:
    with release(b"one") as (one, files):
        (tmp_path / "notes").mkdir()
        (tmp_path / "Not_A_Name").mkdir()
        (tmp_path / "Not_A_Name" / "current").write_bytes(b"x")
        (tmp_path / "readme").write_bytes(b"x")
        target = target_in(tmp_path)
        target.place(current(1, one), files)
        assert [served.model for served in target.observe(["absent"])] == ["payments"]
        assert (tmp_path / "Not_A_Name" / "current").read_bytes() == b"x"


def test_a_models_folder_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "serving").mkdir()
    (tmp_path / "serving" / "payments").symlink_to(tmp_path / "elsewhere")
    with release(b"one") as (one, files), pytest.raises(TargetError, match="is a link"):
        target_in(tmp_path / "serving").place(current(1, one), files)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_no_umask_lets_the_world_write_what_is_served(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with release(b"one") as (one, files):
            target_in(tmp_path / "serving").place(current(1, one), files)
    finally:
        os.umask(before)
    for path in (tmp_path / "serving").rglob("*"):
        assert path.stat().st_mode & 0o022 == 0, path


@pytest.mark.parametrize("swapped", ["own", "own/serving", "own/serving/payments", "own/serving/payments/releases"])
def test_a_link_that_appears_after_the_target_was_opened_leads_no_write_anywhere(tmp_path: Path, swapped: str) -> None:
    with release(b"one") as (one, first), release(b"two") as (two, second):
        target = target_in(tmp_path / "own/serving")
        target.place(current(1, one), first)
        evil = tmp_path / "evil"
        shutil.copytree(tmp_path / swapped, evil)
        (tmp_path / swapped).rename(tmp_path / "moved")
        (tmp_path / swapped).symlink_to(evil)
        before = sorted(evil.rglob("*"))
        with pytest.raises(TargetError) as refused:
            target.place(current(2, two), second)
        assert refused.value.code == "E607"
        assert str(tmp_path / swapped) in refused.value.message
        assert sorted(evil.rglob("*")) == before


def test_a_link_that_appears_while_a_release_is_written_gets_no_file(tmp_path: Path) -> None:
    with release(b"one") as (one, first), release(b"two") as (two, second):
        target, evil, releases = target_in(tmp_path), tmp_path / "evil", tmp_path / "payments/releases"
        target.place(current(1, one), first)
        evil.mkdir()

        class Swapping(dict[str, Path]):
            """The files of a release; with the second one, somebody has put a link where releases are."""

            def items(self) -> Any:
                for number, item in enumerate(super().items()):
                    if number == 1:
                        releases.rename(tmp_path / "moved")
                        releases.symlink_to(evil)
                    yield item

        with pytest.raises((TargetError, IntegrityError)):
            target.place(current(2, two), Swapping(second))
        assert not list(evil.iterdir())
        pointer = codec.decode(ReleasePointer, (tmp_path / "payments/current").read_bytes(), what="current")
        assert pointer.n == 1
