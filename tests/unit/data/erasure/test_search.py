"""A value is looked for in files as they lie in stores; a file that cannot be looked into is told, not passed over."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from reconciler.core.spec.environment import Limits
from reconciler.data.erasure.search import search
from reconciler.errors import DataError
from reconciler.ports import SearchRequest

VALUE = "customer-4711"


def found(folder: Path, *files: Path) -> tuple[int, ...]:
    return search(SearchRequest(value=VALUE, files=files, scratch=folder, limits=Limits()))


def archive(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("schema.json", f'{{"values": ["{VALUE}"]}}' * 50)
    return path


def test_it_is_found_in_bytes_and_archives_and_not_in_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text(f"a,{VALUE}\n")
    assert found(tmp_path, tmp_path / "empty", tmp_path / "text", archive(tmp_path / "model")) == (1, 2)


def test_an_archive_that_is_damaged_cut_or_encrypted_is_told(tmp_path: Path) -> None:
    body = archive(tmp_path / "model").read_bytes()
    middle, central = body.index(b"schema.json") + 14, body.rindex(b"PK\x01\x02")
    encrypted = body[:6] + b"\x01" + body[7 : central + 8] + b"\x01" + body[central + 9 :]
    for damaged in (body[:middle] + b"\xff" * 9 + body[middle + 9 :], body[:-30], encrypted):
        (tmp_path / "damaged").write_bytes(damaged)
        with pytest.raises(DataError, match="damaged cannot be unpacked") as told:
            found(tmp_path, tmp_path / "damaged")
        assert told.value.code == "E419"
