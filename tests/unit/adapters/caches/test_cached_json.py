"""A cache that cannot be read is as good as none: damaged, of another kind, or not a file at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.adapters.caches import cached_json
from reconciler.adapters.filesystem.durable_files import write_checked

DAMAGE: dict[str, Callable[[Path], object]] = {
    "no file": lambda path: None,
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(path_of(path, {"a": 1})[:20]),
    "a changed byte": lambda path: path.write_bytes(path_of(path, {"a": 1}).replace(b"1", b"2")),
    "a list": lambda path: write_checked(path, [b"[1]"]),
    "no JSON": lambda path: write_checked(path, [b"{"]),
    "no lines": lambda path: write_checked(path, []),
    "nested without end": lambda path: write_checked(path, [b'{"a":' * 200_000]),
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a link": lambda path: path.symlink_to("/etc/passwd"),
}


def path_of(path: Path, document: dict[str, object]) -> bytes:
    cached_json.save(path, document)
    return path.read_bytes()


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_cannot_be_read_is_an_empty_cache_that_is_written_again_where_it_can_be(
    tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "cache.json"
    DAMAGE[damage](path)
    assert cached_json.load(path) == {}
    cached_json.save(path, {"b": 2})
    assert cached_json.load(path) == ({} if path.is_dir() else {"b": 2})
    assert not path.is_symlink()
    assert len(list(tmp_path.iterdir())) == 1, "nothing is left beside it"


def test_a_link_in_the_place_of_the_file_that_is_written_first_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / f".cache.json.{os.getpid()}").symlink_to(tmp_path / "mine")
    cached_json.save(tmp_path / "cache.json", {"b": 2})
    assert (tmp_path / "mine").read_text() == "mine"
