"""The reader of packages refuses what no package has, with the position, before it reads any file of it."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters.packages import archive_reader
from reconciler.adapters.packages.archive_reader import open_archive
from reconciler.adapters.packages.archive_writer import ArchiveWriter
from reconciler.core.digest import digest_of_bytes, hex_of
from reconciler.errors import IntegrityError, StoreError, UsageError
from tests.support.archives import END, Entry, archive

BODY = b'{"a": 1}'
BLOB = f"blobs/sha256/{hex_of(digest_of_bytes(BODY))}".encode()
LAYOUT, INDEX = Entry(name=b"oci-layout"), Entry(name=b"index.json")
GOOD = Entry(name=BLOB, body=BODY)

HOSTILE: dict[str, tuple[str, bytes]] = {
    # row 70: names
    "a step up": ("E502", archive([GOOD, replace(GOOD, name=b"../x")])),
    "a step up within": ("E502", archive([replace(GOOD, name=b"blobs/../../x")])),
    "from the root": ("E502", archive([replace(GOOD, name=b"/etc/passwd")])),
    "a drive": ("E502", archive([replace(GOOD, name=b"C:/x")])),
    "a backslash": ("E502", archive([replace(GOOD, name=b"blobs\\sha256\\x")])),
    "hidden behind NUL": ("E502", archive([replace(GOOD, name=BLOB + b"\0../x")])),
    "here": ("E502", archive([replace(GOOD, name=b"./index.json")])),
    "two slashes": ("E502", archive([replace(GOOD, name=b"blobs//sha256")])),
    "300 characters": ("E502", archive([replace(GOOD, name=b"a" * 100, prefix=b"b" * 150)])),
    "right to left": ("E502", archive([replace(GOOD, name="index\u202enosj".encode())])),
    "an empty name": ("E502", archive([replace(GOOD, name=b"")])),
    "a terminal's escape": ("E502", archive([replace(GOOD, name=b"\x1b[2Jx")])),
    "a prefix that leads up": ("E502", archive([replace(GOOD, name=b"x", prefix=b"..")])),
    # row 71: types
    "a symbolic link": ("E503", archive([replace(GOOD, kind=b"2", link=b"/etc/passwd", body=b"")])),
    "a hard link": ("E503", archive([replace(GOOD, kind=b"1", link=b"index.json", body=b"")])),
    "a device": ("E503", archive([replace(GOOD, kind=b"3", body=b"")])),
    "a block device": ("E503", archive([replace(GOOD, kind=b"4", body=b"")])),
    "a named pipe": ("E503", archive([replace(GOOD, kind=b"6", body=b"")])),
    "a folder where a file is due": ("E503", archive([replace(INDEX, kind=b"5", body=b"")])),
    "a file that names a link": ("E503", archive([replace(GOOD, link=b"/etc/passwd")])),
    "a long name of GNU": ("E503", archive([replace(GOOD, kind=b"L")])),
    "a sparse file": ("E503", archive([replace(GOOD, kind=b"S")])),
    "an extended header": ("E503", archive([replace(GOOD, kind=b"x", body=b"20 path=../../../x\n")])),
    "a global extended header": ("E503", archive([replace(GOOD, kind=b"g", body=b"20 path=../../../x\n")])),
    "a type of nobody": ("E503", archive([replace(GOOD, kind=b"Z")])),
    "a folder with bytes": ("E503", archive([replace(GOOD, name=b"blobs/", kind=b"5")])),
    # row 72: twice
    "twice": ("E504", archive([GOOD, GOOD])),
    "twice in another case": ("E504", archive([INDEX, replace(INDEX, name=b"INDEX.json")])),
    # row 73: sizes
    "a size beyond the end": ("E505", archive([replace(GOOD, size=b"%011o\0" % 10**9)])),
    "a negative size": ("E505", archive([replace(GOOD, size=b"-0000000010\0")])),
    "a size in base 256": ("E505", archive([replace(GOOD, size=b"\x80" + b"\xff" * 11)])),
    "a size of letters": ("E505", archive([replace(GOOD, size=b"eight\0")])),
    "an empty file": ("E505", archive([replace(GOOD, body=b"")])),
    "a wrong checksum": ("E505", archive([replace(GOOD, checksum=b"000000\0 ")])),
    "gzip": ("E505", gzip.compress(archive([GOOD]) * 9)),
    "zip": ("E505", b"PK\3\4".ljust(4096, b"\0")),
    "GNU's header": ("E505", archive([replace(GOOD, magic=b"ustar  \0")])),
    "no archive": ("E505", b"hello" * 900),
    "nothing": ("E505", b""),
    "cut in a header": ("E505", archive([GOOD])[:300]),
    "cut in a file": ("E505", archive([GOOD])[:515]),
    "no end": ("E505", archive([GOOD], end=b"")),
    "half an end": ("E505", archive([GOOD], end=END[:512])),
    "zeros for ever": ("E505", archive([GOOD], end=bytes(3 * 1024**2))),
    # row 78: what is hidden
    "bytes behind the end": ("E521", archive([GOOD]) + b"MZ" + bytes(510)),
    "another archive behind the end": ("E521", archive([GOOD]) + archive([GOOD])),
    "bytes behind a file": ("E521", archive([replace(GOOD, padding=b"x".ljust(512 - len(BODY), b"\0"))])),
    "a file of no package": ("E521", archive([GOOD, replace(GOOD, name=b"README")])),
    "a hidden file": ("E502", archive([GOOD, replace(GOOD, name=b".git/config")])),
    "a blob under no digest": ("E521", archive([replace(GOOD, name=b"blobs/sha256/abc")])),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_package_has_is_refused_with_its_position(tmp_path: Path, name: str) -> None:
    code, body = HOSTILE[name]
    (tmp_path / "p.tar").write_bytes(body)
    with pytest.raises(IntegrityError) as refused, open_archive(tmp_path / "p.tar"):
        pass
    assert refused.value.code == code, refused.value
    assert str(refused.value.where).startswith("p.tar, byte "), refused.value.where
    assert refused.value.hint
    assert all(line.isprintable() for line in str(refused.value).splitlines())
    assert sorted(tmp_path.iterdir()) == [tmp_path / "p.tar"]


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    bad = [replace(GOOD, name=b"../x"), replace(GOOD, kind=b"2"), GOOD, GOOD]
    (tmp_path / "p.tar").write_bytes(archive(bad))
    with pytest.raises(IntegrityError) as refused, open_archive(tmp_path / "p.tar"):
        pass
    assert [line.split(": ", 1)[1][:4] for line in str(refused.value).splitlines()] == ["E502", "E503", "E504", "E504"]


def test_more_files_than_any_package_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_reader, "PACKAGE_ENTRIES", 5)
    many = [replace(GOOD, name=f"blobs/sha256/{n:064x}".encode()) for n in range(9)]
    (tmp_path / "p.tar").write_bytes(archive(many))
    with pytest.raises(IntegrityError, match="more than 5 files"), open_archive(tmp_path / "p.tar"):
        pass


def test_a_pipe_a_folder_and_what_is_not_there_are_no_packages(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "absent", "."):
        with pytest.raises(UsageError) as refused, open_archive(tmp_path / name):
            pass
        assert refused.value.code == "E801"


def test_what_the_writer_writes_is_read_back_and_folders_of_other_tools_are_let_pass(tmp_path: Path) -> None:
    members: list[tuple[str, bytes | Path]] = [("oci-layout", b"{}"), ("index.json", b"{}"), (BLOB.decode(), BODY)]
    digest = ArchiveWriter().write(tmp_path / "p.tar", members)
    assert digest == digest_of_bytes((tmp_path / "p.tar").read_bytes())
    with open_archive(tmp_path / "p.tar") as reader:
        assert {name: reader.read(name) for name in reader.sizes} == dict(members)
        assert reader.extract(BLOB.decode(), tmp_path / "out") == digest_of_bytes(BODY)
    folders = [Entry(name=name, kind=b"5", body=b"") for name in (b"blobs/", b"blobs/sha256/")]
    (tmp_path / "q.tar").write_bytes(archive([*folders, LAYOUT, INDEX, GOOD], end=bytes(10240)))
    with open_archive(tmp_path / "q.tar") as reader:
        assert set(reader.sizes) == {"oci-layout", "index.json", BLOB.decode()}


def test_replacing_the_file_meanwhile_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.tar").write_bytes(archive([GOOD]))
    with open_archive(tmp_path / "p.tar") as reader:
        (tmp_path / "p.tar").unlink()
        (tmp_path / "p.tar").write_bytes(archive([replace(GOOD, body=b"another!")]))
        assert reader.read(BLOB.decode()) == BODY


def test_a_package_is_whole_or_absent_and_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "p.tar").write_bytes(b"mine")
    with pytest.raises(UsageError, match="exists already"):
        ArchiveWriter().write(tmp_path / "p.tar", [("index.json", b"{}")])
    assert (tmp_path / "p.tar").read_bytes() == b"mine"
    with pytest.raises(StoreError, match=r"q\.tar"):
        ArchiveWriter().write(tmp_path / "q.tar", [("index.json", tmp_path / "absent")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.tar"]
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="exists already"):
        ArchiveWriter().write(tmp_path / "dangling", [("index.json", b"{}")])
