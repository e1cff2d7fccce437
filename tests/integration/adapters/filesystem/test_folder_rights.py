"""Who may write the folders of a store and a target, and every level above them, with real folders and real bits."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.adapters.filesystem.store import FilesStore
from reconciler.adapters.filesystem.target import DirectoryTarget
from reconciler.errors import StoreError, TargetError

LEVELS = ("disk", "disk/team", "disk/team/place")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The root of a store or a target, two levels below a folder of ours."""
    folder = tmp_path / LEVELS[-1]
    folder.mkdir(parents=True, mode=0o755)
    return folder


def uses(place: Path) -> list[Callable[[], object]]:
    """Every way to use a store and a target at this place, each of a new process."""
    return [
        lambda: FilesStore(place).read("a"),
        lambda: FilesStore(place).path("a"),
        lambda: list(FilesStore(place).keys("")),
        lambda: FilesStore(place).folders("journal"),
        lambda: target(place).observe(()),
        lambda: target(place).release("payments"),
        lambda: target(place).traces(),
        lambda: FilesStore(place).create("a", b"x"),
    ]


def target(place: Path) -> DirectoryTarget:
    return DirectoryTarget(place, project="shop", environment="production")


def told(place: Path) -> set[tuple[str, bool]]:
    """Return what a store and a target at this place tell alike: the folders, and whether everybody may write them."""
    found = {(folder.path, folder.by_everybody) for folder in FilesStore(place).open_folders()}
    assert found == {(folder.path, folder.by_everybody) for folder in target(place).open_folders()}
    return found


def refused(place: Path) -> set[str]:
    """Return the messages with which every use is refused, with its hint."""
    messages = set()
    for use in uses(place):
        with pytest.raises((StoreError, TargetError)) as error:
            use()
        assert error.value.code == "E607"
        messages.add(f"{error.value.message}; {error.value.hint}")
    assert not list(place.iterdir()), "nothing was written"
    return messages


def test_folders_that_only_we_may_write_are_not_told(place: Path) -> None:
    assert told(place) == set()
    for use in uses(place):
        use()


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_that_everybody_may_write_is_refused_by_name(tmp_path: Path, place: Path, level: str) -> None:
    (tmp_path / level).chmod(0o757)
    assert told(place) == {(str(tmp_path / level), True)}
    for message in refused(place):
        assert f"{tmp_path / level} may be written by everybody" in message
        assert f"chmod o-w {tmp_path / level}" in message


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_that_its_group_may_write_is_told_and_not_refused(tmp_path: Path, place: Path, level: str) -> None:
    (tmp_path / level).chmod(0o775)
    assert told(place) == {(str(tmp_path / level), False)}
    for use in uses(place):
        use()


@pytest.mark.parametrize("level", LEVELS[:-1])
def test_a_sticky_level_above_is_safe(tmp_path: Path, place: Path, level: str) -> None:
    (tmp_path / level).chmod(0o1777)
    assert told(place) == set()
    for use in uses(place):
        use()


def test_a_sticky_root_is_refused_as_anybody_could_add_an_entry(place: Path) -> None:
    place.chmod(0o1777)
    assert told(place) == {(str(place), True)}
    refused(place)


@as_root
@pytest.mark.parametrize("level", LEVELS)
def test_a_level_of_another_user_is_told(tmp_path: Path, place: Path, level: str) -> None:
    os.chown(tmp_path / level, 12345, -1)
    assert told(place) == {(str(tmp_path / level), False)}
    for use in uses(place):
        use()


@as_root
def test_what_another_user_made_in_a_sticky_folder_is_refused(tmp_path: Path, place: Path) -> None:
    (tmp_path / "disk").chmod(0o1777)
    os.chown(tmp_path / "disk/team", 12345, -1)
    assert told(place) == {(str(tmp_path / "disk/team"), True)}
    refused(place)


def test_where_a_root_is_not_there_the_levels_above_it_count(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk").chmod(0o777)
    for use in uses(tmp_path / "disk/place"):
        with pytest.raises((StoreError, TargetError)) as error:
            use()
        assert error.value.code == "E607"


def test_a_link_on_the_way_is_as_safe_as_the_folder_that_it_lies_in(tmp_path: Path, place: Path) -> None:
    """Whoever may replace the link decides where the store is, be the store's own folders as they may."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/link").symlink_to(place)
    (tmp_path / "shared").chmod(0o777)
    for storage in (
        FilesStore(place, declared=tmp_path / "shared/link"),
        DirectoryTarget(place, project="shop", environment="production", declared=tmp_path / "shared/link"),
    ):
        assert [folder.path for folder in storage.open_folders()] == [str(tmp_path / "shared")]
    with pytest.raises(StoreError, match="shared may be written by everybody"):
        FilesStore(place, declared=tmp_path / "shared/link").read("a")


def test_the_levels_above_what_is_used_count_wherever_the_link_leads_by_now(tmp_path: Path, place: Path) -> None:
    (tmp_path / "disk").chmod(0o757)
    with pytest.raises(StoreError, match="disk may be written by everybody"):
        FilesStore(place, declared=tmp_path / "elsewhere").read("a")


@pytest.mark.parametrize("folder", ["journal", "journal/production", "journal/production/payments"])
def test_nothing_is_added_to_a_folder_inside_that_everybody_may_write(place: Path, folder: str) -> None:
    FilesStore(place).create("journal/production/payments/0", b"x")
    (place / folder).chmod(0o757)
    assert [(at.path, at.by_everybody) for at in FilesStore(place).open_folders()] == [(str(place / folder), True)]
    with pytest.raises(StoreError) as error:
        FilesStore(place).create("journal/production/payments/1", b"x")
    assert error.value.code == "E607"
    assert f"chmod o-w {place / folder}" in (error.value.hint or "")
    assert not (place / "journal/production/payments/1").exists()


def test_many_folders_are_one_finding_whose_command_mends_them(place: Path) -> None:
    for number in range(5):
        FilesStore(place).create(f"blobs/{number}/a", b"x")
        (place / f"blobs/{number}").chmod(0o775)
    (finding,) = FilesStore(place).open_folders()
    assert "5 folders" in finding.problem
    assert shutil.which("find")
    assert os.system(finding.remedy) == 0  # noqa: S605  (it is what a person would type)
    assert FilesStore(place).open_folders() == ()
