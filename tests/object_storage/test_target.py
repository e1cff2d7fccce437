"""A target in a bucket: whose it is, what is wrong with it, and who wins. In memory, through the real library."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from reconciler import codec
from reconciler.adapters.object_storage.bucket import Bucket
from reconciler.adapters.object_storage.clients import Clients
from reconciler.adapters.object_storage.target import BucketTarget
from reconciler.core.artifact.observed_state import DriftType
from reconciler.core.digest import hex_of
from reconciler.errors import ConflictError, IntegrityError, TargetError
from reconciler.testing.contracts.stores_and_targets import ENVIRONMENT, PROJECT, current, release


class Town:
    """A bucket, and targets in it as different processes have them."""

    def __init__(self, folder: Path) -> None:
        self.inside = MemoryStore()
        self.folder = folder

    def bucket(self) -> Bucket:
        return Bucket(Clients.of(self.inside), "memory://", kind=TargetError)

    def target(self, project: str = PROJECT, environment: str = ENVIRONMENT) -> BucketTarget:
        return BucketTarget(self.bucket(), self.folder / "releases", project=project, environment=environment)

    def put(self, key: str, body: bytes) -> None:
        path = self.folder / "body"
        path.write_bytes(body)
        self.bucket().put(key, path)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def test_the_target_of_another_is_neither_read_nor_written(town: Town) -> None:
    with release(b"one") as (artifact, files):
        town.target().place(current(0, artifact), files)
        for project, environment in (("village", ENVIRONMENT), (PROJECT, "staging")):
            other = town.target(project, environment)
            with pytest.raises(IntegrityError) as refused:
                other.observe(())
            assert refused.value.code == "E609"
        with pytest.raises(TargetError) as not_ours:
            town.target("village").place(current(1, artifact), files)
        assert not_ours.value.code == "E609"
        assert town.target().observe(())[0].current == current(0, artifact)


def test_a_lost_mark_is_set_again_unless_what_is_served_is_foreign(town: Town) -> None:
    with release(b"one") as (artifact, files):
        town.target().place(current(0, artifact), files)
        town.bucket().remove("owner.json")
        town.target().place(current(1, artifact), files)
        assert town.bucket().get("owner.json") is not None
        town.bucket().remove("owner.json")
        foreign = codec.encode(replace(current(5, None), project="city"))
        town.put("payments/current", foreign)
        with pytest.raises(IntegrityError) as refused:
            town.target().place(current(2, artifact), files)
        assert refused.value.code == "E609"


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        (b"", DriftType.UNREADABLE),
        (b"not json", DriftType.UNREADABLE),
        (b"\xff", DriftType.UNREADABLE),
        (codec.encode(current(9, None, model="another")), DriftType.UNMANAGED),
    ],
)
def test_a_pointer_that_is_damaged_or_foreign_is_told_and_gives_way(
    town: Town, body: bytes, trouble: DriftType
) -> None:
    with release(b"one") as (artifact, files):
        town.target().place(current(1, artifact), files)
        town.put("payments/current", body)
        (served,) = town.target().observe(["payments"])
        assert (served.current, served.drift) == (None, trouble)
        town.target().place(current(2, artifact), files)
        assert town.target().observe(())[0].current == current(2, artifact)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda town, start: town.bucket().remove(f"{start}/schema.json"), ("schema.json",)),
        (lambda town, start: town.bucket().remove(f"{start}/manifest.json"), ("manifest.json",)),
        (lambda town, start: town.put(f"{start}/extra", b"x"), ("extra",)),
        (lambda town, start: town.put(f"{start}/deep/extra", b"x"), ("deep/extra",)),
        (lambda town, start: town.put(f"{start}/model.skops", b""), ("model.skops",)),
        (lambda town, start: town.put(f"{start}/manifest.json", b"{}"), ("manifest.json",)),
        (lambda town, start: town.put(f"{start}/manifest.json", b"[1]"), ("manifest.json",)),
    ],
    ids=["missing", "no manifest", "added", "added below", "emptied", "other manifest", "odd manifest"],
)
def test_every_kind_of_tampering_is_named_and_mended(
    town: Town, damage: Callable[[Town, str], None], named: tuple[str, ...]
) -> None:
    with release(b"one") as (artifact, files):
        target = town.target()
        target.place(current(1, artifact), files)
        assert target.observe(())[0].drift is None
        damage(town, f"payments/releases/{hex_of(artifact)}")
        for look in (target, town.target()):  # this process has hashed it before, the other has not
            (served,) = look.observe(())
            assert (served.drift, served.files) == (DriftType.TAMPERED, named)
        target.place(current(2, artifact), files)
        assert town.target().observe(())[0].drift is None


def test_files_that_are_not_the_artifacts_are_never_served(town: Town, tmp_path: Path) -> None:
    with release(b"one") as (one, first), release(b"two") as (two, second):
        town.target().place(current(1, one), first)
        wrong = tmp_path / "model.skops"
        wrong.write_bytes(b"other bytes")
        few = {name: path for name, path in second.items() if name != "schema.json"}
        for files in ({**second, "model.skops": wrong}, few, {**second, "../x": wrong}, first, {}):
            with pytest.raises(IntegrityError) as refused:
                town.target().place(current(2, two), files)
            assert refused.value.code == "E501"
        assert town.target().observe(())[0].current == current(1, one)


def test_other_peoples_objects_are_left_alone(town: Town) -> None:
    town.put("Reports/2026/x.csv", b"x")
    town.put("notes/readme", b"x")
    with release(b"one") as (artifact, files):
        town.target().place(current(1, artifact), files)
        assert [one.model for one in town.target().observe(())] == ["payments"]
        assert town.bucket().get("notes/readme") is not None


def test_of_many_who_place_at_once_the_highest_number_is_served(town: Town) -> None:
    with release(b"one") as (one, first), release(b"two") as (two, second):
        odd: list[BaseException] = []

        def place(n: int) -> None:
            artifact, files = (one, first) if n % 2 else (two, second)
            try:
                town.target().place(current(n, artifact), files)
            except ConflictError:
                pass
            except BaseException as error:  # noqa: BLE001  (told below)
                odd.append(error)

        threads = [threading.Thread(target=place, args=(n,)) for n in (3, 7, 1, 5, 6, 2, 8, 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert odd == []
        (served,) = town.target().observe(())
        assert (served.current, served.drift) == (current(8, two), None)


def test_what_is_served_comes_as_a_folder_with_these_files_only(town: Town) -> None:
    with release(b"one") as (artifact, files):
        target = town.target()
        assert target.release("payments") is None
        target.place(current(1, artifact), files)
        for _ in range(2):
            folder = target.release("payments")
            assert folder is not None
            assert {one.name for one in folder.iterdir()} == set(files)
