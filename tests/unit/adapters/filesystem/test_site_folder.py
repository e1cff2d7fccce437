"""The folder of a site: only our own files are replaced or removed, whoever else writes there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.adapters.filesystem.site_folder import RECORD, open_site
from reconciler.errors import ConflictError, UsageError

OWNER = ("books", "sandbox")


def write(folder: Path, *models: str) -> None:
    with open_site(folder) as site:
        for model in models:
            site.write(f"models/{model}.html", b"page")
        site.write_record(OWNER, [{"m": model} for model in models])


def recorded(folder: Path) -> list[str]:
    with open_site(folder) as site:
        return [line["m"] for line in site.record(OWNER)]


def test_what_was_written_is_known_to_the_next_run(tmp_path: Path) -> None:
    write(tmp_path / "site", "a", "b")
    assert recorded(tmp_path / "site") == ["a", "b"]


def test_a_folder_with_files_of_others_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(UsageError, match=r"index\.html"), open_site(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_what_a_killed_run_left_is_neither_foreign_nor_kept(tmp_path: Path) -> None:
    left = tmp_path / f".tmp-{os.getpid()}-{'0' * 32}"
    left.write_bytes(b"half")
    with open_site(tmp_path) as site:
        site.clear_temporary()
    assert not left.exists()


def test_a_folder_that_was_made_for_nothing_goes_again_and_one_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for name in ("there", "new"):
        with pytest.raises(UsageError), open_site(tmp_path / name):
            raise UsageError("no such environment", hint="name another", code="E801")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_files_that_others_put_beside_ours_are_not_touched(tmp_path: Path) -> None:
    write(tmp_path, "a")
    (tmp_path / "CNAME").write_text("example.org")
    write(tmp_path, "a")
    assert (tmp_path / "CNAME").read_text() == "example.org"


def test_the_site_of_another_environment_is_not_taken_over(tmp_path: Path) -> None:
    write(tmp_path, "a")
    with open_site(tmp_path) as site, pytest.raises(UsageError, match="the site of books/sandbox, not of books/prod"):
        list(site.record(("books", "production")))


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"not json\n", b'["list"]\n' * 3, b"\xff\xfe"])
def test_a_damaged_record_is_told_and_nothing_is_removed_by_it(tmp_path: Path, damage: bytes) -> None:
    write(tmp_path, "a")
    (tmp_path / RECORD).write_bytes(damage)
    with open_site(tmp_path) as site, pytest.raises(UsageError, match=r"damaged|the site of"):
        list(site.record(OWNER))


def test_every_changed_byte_of_a_record_is_noticed(tmp_path: Path) -> None:
    write(tmp_path, "a", "b")
    whole = (tmp_path / RECORD).read_bytes()
    for place in range(len(whole)):
        (tmp_path / RECORD).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with open_site(tmp_path) as site, pytest.raises(UsageError):
            list(site.record(OWNER))


def test_no_two_runs_write_at_once(tmp_path: Path) -> None:
    with open_site(tmp_path), pytest.raises(ConflictError) as refused, open_site(tmp_path):
        pass
    assert refused.value.code == "E702"


def test_a_link_within_the_folder_leads_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    site = tmp_path / "site"
    write(site)
    (site / "models").symlink_to(outside)
    with open_site(site) as opened, pytest.raises(UsageError) as refused:
        opened.write("models/a.html", b"page")
    assert refused.value.code == "E803"
    assert not list(outside.iterdir())


def test_a_file_that_is_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    site = tmp_path / "site"
    write(site, "a")
    (site / "models/a.html").unlink()
    (site / "models/a.html").symlink_to(precious)
    write(site, "a")
    assert precious.read_bytes() == b"precious"
    assert (site / "models/a.html").read_bytes() == b"page"
    assert not (site / "models/a.html").is_symlink()


def test_a_page_that_is_as_it_was_is_not_written_again(tmp_path: Path) -> None:
    write(tmp_path, "a")
    before = (tmp_path / "models/a.html").stat().st_ino
    write(tmp_path, "a")
    assert (tmp_path / "models/a.html").stat().st_ino == before
