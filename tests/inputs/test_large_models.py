"""Model files that are larger than is read, or say that they are: refused before the large part of them is made."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from reconciler.core.size_limits import BLOB_BYTES, MODEL_BYTES, MODEL_ITEMS, MODEL_MEMBERS, MODEL_TREE_BYTES
from reconciler.errors import ScoringError
from reconciler.model_file import load, safe_archive
from reconciler.model_file.safe_archive import SCHEMA
from tests.support.memory_use import in_little_memory

NPY = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (%s,), }".ljust(117) + b"\n"
CHECK = """
import sys
from pathlib import Path
from reconciler.errors import ScoringError
from reconciler.model_file import safe_archive
try:
    safe_archive.check(Path(sys.argv[1]).read_bytes())
except ScoringError as error:
    print(error.code, error.message)
"""


def archive(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as made:
        for name, body in members.items():
            made.writestr(name, body)
    return stream.getvalue()


def refusal(body: bytes, path: Path, megabytes: int = 700) -> str:
    """What the check says, in a process with little memory."""
    path.write_bytes(body)
    said = in_little_memory(CHECK, str(path), megabytes=megabytes)
    assert said.startswith("E507 invalid model file: "), said
    return said.removeprefix("E507 invalid model file: ").strip()


def test_a_tree_of_many_items_is_counted_before_it_is_parsed(tmp_path: Path) -> None:
    items = MODEL_ITEMS * 5 // 2  # a list of so many empty lists takes gigabytes
    body = archive({SCHEMA: b'{"a":[' + b"[]," * items + b"[]]}"})
    said = refusal(body, tmp_path / "m", megabytes=900)
    assert said.endswith(f"items in its tree; at most {MODEL_ITEMS:,} are read")


def test_a_tree_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    assert "not a zip archive in the form" in refusal(archive({SCHEMA: b"[" * 10**6}), tmp_path / "m")
    assert "not a zip archive in the form" in refusal(archive({SCHEMA: b'{"a":' * 10**6}), tmp_path / "m")


def test_members_are_counted_before_the_directory_is_read(tmp_path: Path) -> None:
    entry = b"PK\x01\x02".ljust(46, b"\0")
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(entry) * (MODEL_MEMBERS + 1), 0, 0)
    said = refusal(entry * (MODEL_MEMBERS + 1) + end, tmp_path / "m", megabytes=400)
    assert said == f"it has 500,001 members; at most {MODEL_MEMBERS:,} are read"


def test_sizes_that_members_declare_are_held_against_the_file(tmp_path: Path) -> None:
    body = bytearray(archive({SCHEMA: b"{}", "0.npy": b"x" * 8}))
    entry = body.rindex(b"PK\x01\x02")
    for size in (9 + 2**10, 2**32 - 2):
        struct.pack_into("<2L", body, entry + 20, size, size)
        assert f"it has {size + 2:,} bytes in its members" in refusal(bytes(body), tmp_path / "m")
    first = body.index(b"PK\x01\x02")
    struct.pack_into("<2L", body, entry + 20, 8, 8)
    struct.pack_into("<2L", body, first + 20, MODEL_TREE_BYTES + 1, MODEL_TREE_BYTES + 1)
    assert "bytes in its members" in refusal(bytes(body), tmp_path / "m")


def test_an_array_that_declares_more_than_its_member_holds_is_not_made(tmp_path: Path) -> None:
    for count in (2, 10**12, 2**70):
        body = archive({SCHEMA: b'{"protocol":2}', "0.npy": NPY.replace(b"%s", b"%d" % count)[:128] + b"x" * 8})
        (tmp_path / "m").write_bytes(body)
        said = in_little_memory(CHECK, str(tmp_path / "m"), megabytes=700)
        assert said == "E507 member 0.npy of the model file is not a numeric array\n"


def test_files_are_measured_before_they_are_read(tmp_path: Path) -> None:
    for name, size in (("schema.json", BLOB_BYTES), ("probe.json", BLOB_BYTES), ("model.skops", MODEL_BYTES)):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(size + 1)
    program = """
import sys
from pathlib import Path
from reconciler.errors import ScoringError
from reconciler.model_file import file_sizes
for read, name in ((file_sizes.read_document, "schema.json"), (file_sizes.read_model, "model.skops")):
    try:
        read(Path(sys.argv[1]) / name)
    except ScoringError as error:
        print(error.code, error.message)
"""
    said = in_little_memory(program, str(tmp_path), megabytes=300)
    assert said.count("E507 invalid model file: it has") == 2
    with pytest.raises(ScoringError, match=r"bytes of schema\.json") as refused:
        load.load(tmp_path)
    assert refused.value.code == "E507"
    assert safe_archive.SCHEMA == SCHEMA
