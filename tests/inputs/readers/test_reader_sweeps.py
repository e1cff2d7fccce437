"""A changed byte, a link in its place, a right too many, a clock that ran ahead: every reader says the same of it.

Each stored file and folder in turn, in one table a sweep; `test_absence` has the fifth. Of links and rights, which are
looked at in one way whatever the file holds, `make test` takes some kinds, and one of each. Where `audit` and `doctor`
alone tell of something, nothing that is served or will be deployed depends on it (ADR 34).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.digest import Digest
from reconciler.core.spec.environment import DriftPolicy
from tests.simulation.sample_project import MODEL, PRODUCTION, SANDBOX
from tests.support.effort import FULL, spread
from tests.support.once import copy
from tests.support.project_on_disk import ENVIRONMENTS, FOLDERS, ProjectOnDisk, Roles, remove, said, stored
from tests.support.reader_table import Codes, compare

Change = Callable[[Path], None]


def flip(path: Path) -> None:
    """Invert a bit in the middle of a file; give an empty one a byte."""
    body, mode = path.read_bytes(), path.stat().st_mode
    middle = len(body) // 2
    path.unlink()
    path.write_bytes(body[:middle] + bytes([(*body[middle : middle + 1], 0)[0] ^ 1]) + body[middle + 1 :])
    path.chmod(mode)


def link(path: Path) -> None:
    """Move a file or a folder elsewhere, and leave a link to it."""
    elsewhere = next(parent for parent in path.parents if parent.name == "project").parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    path.rename(elsewhere / "it")
    path.symlink_to(elsewhere / "it")


def let_everybody_write(path: Path) -> None:
    """Give everybody the right to write a file or a folder."""
    path.chmod(path.stat().st_mode | 0o002)


def sweep(whole: ProjectOnDisk, project: ProjectOnDisk, change: Change, paths: Iterator[Path]) -> dict[str, Codes]:
    """Return what each reader says after each path was changed, alone; by the path's role."""
    roles, rows = Roles(whole), dict[str, Codes]()
    assert {code for name in ENVIRONMENTS for code in said(project, name).values()} == {0}
    for path in paths:
        relative = path.relative_to(whole.root).as_posix()
        place = project.root / relative
        change(place)
        codes = {environment: said(project, environment) for environment in ENVIRONMENTS}
        for left in (place, project.root.parent / "elsewhere/it"):
            if left.is_symlink():
                left.unlink()
            elif left.exists():
                remove(left)
        copy(whole.root / relative, place)
        assert rows.setdefault(roles.name(relative), codes) == codes, relative
    return dict(sorted(rows.items()))  # their own order is that of digests, which change with what is recorded


@pytest.mark.soak
def test_every_reader_tells_a_changed_byte_with_one_exit_code(whole: ProjectOnDisk, project: ProjectOnDisk) -> None:
    files = spread([str(path) for path in stored(whole.root) if path.is_file()], "STORED")
    rows = sweep(whole, project, flip, map(Path, files))
    compare("damage", "with a changed byte in", rows, some=not FULL)


def of_each_kind(whole: ProjectOnDisk) -> Iterator[Path]:
    """Yield every stored path; in `make test`, some, of those that differ in a number or in a digest only the last."""
    paths, roles = list(stored(whole.root)), Roles(whole)
    kinds = {_LIKE.sub("*", roles.name(path.relative_to(whole.root).as_posix())): path for path in paths}
    yield from paths if FULL else map(Path, spread([str(path) for path in kinds.values()], "STORED"))


_LIKE = re.compile(r"(?<=releases/)<.*>/.*|<[^<>]*>|[0-9]+")


@pytest.mark.soak
def test_every_reader_tells_a_link_with_one_exit_code(whole: ProjectOnDisk, project: ProjectOnDisk) -> None:
    rows = sweep(whole, project, link, of_each_kind(whole))
    compare("links", "with a link in place of", rows, some=not FULL)


@pytest.mark.soak
def test_every_reader_tells_a_right_too_many_with_one_exit_code(whole: ProjectOnDisk, project: ProjectOnDisk) -> None:
    rows = sweep(whole, project, let_everybody_write, of_each_kind(whole))
    compare("rights", "writable by everybody", rows, some=not FULL)


# --- what is no single file ------------------------------------------------------------------------------------------


def change_both_copies(root: Path) -> None:
    """Change a served file and the store's copy of it: no apply mends that."""
    current = json.loads((root / f"serving/{MODEL}/current").read_text())["artifact"].removeprefix("sha256:")
    path = root / f"serving/{MODEL}/releases/{current}/model.skops"
    flip(root / "stores/production/blobs/sha256" / hashlib.sha256(path.read_bytes()).hexdigest())
    flip(path)


def add_a_file(root: Path) -> None:
    """Add a file to every release."""
    for release in (root / f"serving/{MODEL}/releases").iterdir():
        (release / "added.txt").write_text("x")


def serve_another(root: Path) -> None:
    """Put a model into the target that nobody declared and no journal knows."""
    copy(root / f"serving/{MODEL}", root / "serving/foreign")
    pointer = root / "serving/foreign/current"
    value = codec.decode(ReleasePointer, pointer.read_bytes(), what="current")
    pointer.unlink()
    pointer.write_bytes(codec.encode(replace(value, model="foreign")))


def serve_the_old_one(root: Path) -> None:
    """Point to the old artifact, by hand."""
    pointer = root / f"serving/{MODEL}/current"
    value = codec.decode(ReleasePointer, pointer.read_bytes(), what="current")
    others = {path.name for path in (root / f"serving/{MODEL}/releases").iterdir()} - {value.artifact[len("sha256:") :]}
    pointer.unlink()
    pointer.write_bytes(codec.encode(replace(value, artifact=Digest(f"sha256:{others.pop()}"))))


def a_file_in_place_of_a_folder(root: Path) -> None:
    """Put a file where the journals are."""
    remove(root / "stores/production/journal")
    (root / "stores/production/journal").write_text("x")


def a_stranger_s_file(root: Path) -> None:
    """Add a file to a store that no program of ours writes."""
    (root / "stores/production/notes.txt").write_text("x")


BY_HAND = (
    change_both_copies,
    add_a_file,
    serve_another,
    serve_the_old_one,
    a_file_in_place_of_a_folder,
    a_stranger_s_file,
)


@pytest.mark.parametrize("policy", list(DriftPolicy), ids=str)
def test_every_reader_tells_a_change_by_hand_with_one_exit_code(
    whole: ProjectOnDisk, tmp_path: Path, policy: DriftPolicy
) -> None:
    """Also where an environment only reports drift, and no apply mends it."""
    rows = dict[str, Codes]()
    for change in BY_HAND:
        for folder in FOLDERS.values():
            copy(whole.root / folder, tmp_path / change.__name__ / folder)
        project = whole.at(tmp_path / change.__name__)
        environments = (
            replace(each, drift=policy) if each.name == "production" else each for each in whole.desired.environments
        )
        project.desired = replace(whole.desired, environments=tuple(environments))
        change(project.root)
        rows[change.__name__.replace("_", " ")] = {name: said(project, name) for name in ENVIRONMENTS}
    compare(f"by-hand-{policy.value}", f"drift: {policy.value}; somebody did", rows)


# --- times -----------------------------------------------------------------------------------------------------------

AHEAD = datetime(2099, 1, 1, tzinfo=UTC)
NO_REFRESH = replace(SANDBOX, data=replace(SANDBOX.data, max_age=None))


class Ahead:
    """A project with a model in production, of which one thing is done while the clock stands at `then`."""

    def __init__(self, root: Path, then: datetime | None) -> None:
        self.project = ProjectOnDisk(root)
        self.clock = self.project.project.clock
        self.then = then
        self.project.deploy(10)
        self.project.commit(seed=10, pin=self.project.candidate(), compares=True, sandbox=NO_REFRESH)

    def meanwhile(self, act: Callable[[], None]) -> None:
        """Do something while the clock is wrong, and set it right again."""
        today = self.clock.now
        self.clock.now = self.then or today
        act()
        self.clock.now = today

    def snapshot(self) -> None:
        """Take a data snapshot."""
        self.project.commit(seed=10, pin=self.project.candidate(), compares=True)
        self.clock.now += timedelta(days=3)
        self.meanwhile(lambda: self.project.apply("sandbox"))

    def older_snapshot(self) -> None:
        """Take a data snapshot, and another one when the clock was set."""
        self.snapshot()
        self.clock.now += timedelta(days=3)
        self.project.apply("sandbox")

    def training(self) -> None:
        """Train another candidate, which is not promoted."""
        pin = self.project.candidate()
        self.project.commit(seed=11, pin=pin, pinned_seed=10, compares=True, sandbox=NO_REFRESH)
        self.meanwhile(lambda: self.project.apply("sandbox"))

    def deployment(self) -> None:
        """Deploy another candidate."""
        self.promote(11)
        self.meanwhile(lambda: self.project.apply("production"))

    def older_deployment(self) -> None:
        """Deploy another candidate, and a third when the clock was set."""
        self.deployment()
        self.promote(12)
        self.project.apply("production")

    def controls(self) -> None:
        """Put a stricter policy in force."""
        strict = replace(PRODUCTION, policy=replace(PRODUCTION.policy, max_retire=0))
        pin = self.project.candidate()
        self.project.commit(seed=10, pin=pin, compares=True, production=strict, sandbox=NO_REFRESH)
        self.meanwhile(lambda: self.project.apply("production"))

    def prediction(self) -> None:
        """Predict."""
        self.meanwhile(self.project.predict)

    def promote(self, seed: int) -> None:
        pin = self.project.candidate()
        self.project.commit(seed=seed, pin=pin, pinned_seed=seed - 1, compares=True, sandbox=NO_REFRESH)
        self.project.apply("sandbox")
        self.project.commit(seed=seed, pin=self.project.candidate(), compares=True, sandbox=NO_REFRESH)


ACTS = (
    Ahead.snapshot,
    Ahead.older_snapshot,
    Ahead.training,
    Ahead.deployment,
    Ahead.older_deployment,
    Ahead.controls,
    Ahead.prediction,
)


def test_every_reader_tells_a_time_ahead_with_one_exit_code(tmp_path: Path) -> None:
    rows = dict[str, Codes]()
    for act in ACTS:
        for then in (None, AHEAD):
            made = Ahead(tmp_path / f"{act.__name__}-{then is None}", then)
            act(made)
            codes = {name: said(made.project, name) for name in ENVIRONMENTS}
            if then is None:
                assert {code for told in codes.values() for code in told.values()} == {0}, (act.__name__, codes)
            else:
                rows[act.__name__.replace("_", " ")] = codes
    compare("times", "dated 2099", rows)
