"""Where jobs install this program from, by what its installer recorded (PEP 610)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from reconciler import __version__
from reconciler.app.ci.program import choose
from reconciler.manifest.scaffold import program_source
from reconciler.manifest.scaffold.program_source import SourceKind

NAME = f"model_reconciler-{__version__}-py3-none-any.whl"
COMMIT = "1a2b3c4d5e" * 4


def of_wheel(path: Path, digest: str | None = None) -> dict[str, Any]:
    return {"url": path.as_uri(), "archive_info": {"hashes": {"sha256": digest}} if digest else {}}


def test_a_wheel_that_is_still_there_is_what_jobs_install(tmp_path: Path) -> None:
    wheel = tmp_path / "a folder" / NAME
    wheel.parent.mkdir()
    wheel.write_bytes(b"bytes")
    for record in (of_wheel(wheel), of_wheel(wheel, hashlib.sha256(b"bytes").hexdigest())):
        found = choose(None, record=record)
        assert (found.source.kind, found.wheel) == (SourceKind.WHEEL, wheel)
        assert found.source.requirement(("github",)) == f"./wheels/{NAME}[github]"
        assert found.copies(tmp_path / "project") == {f"wheels/{NAME}": wheel}


def test_a_commit_is_what_jobs_install(tmp_path: Path) -> None:
    record = {"url": "ssh://git@git.example.org/tools/r.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}
    found = choose(None, record=record)
    assert found.source.requirement(("gitlab",)) == (
        f"model-reconciler[gitlab] @ git+ssh://git@git.example.org/tools/r.git@{COMMIT}"
    )


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"url": "file:///nowhere/" + NAME, "archive_info": {}},
        {"url": "file:///etc/hostname", "archive_info": {}},
        {"url": "file:///srv/reconciler", "dir_info": {"editable": True}},
        {"url": "file:///srv/reconciler", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
        {"url": "https://git.example.org/r", "vcs_info": {"vcs": "hg", "commit_id": COMMIT}},
        {"url": "https://ada:pw@git.example.org/r", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
        {"url": 7, "archive_info": [], "vcs_info": None},
    ],
)
def test_anything_else_is_the_index(record: dict[str, Any]) -> None:
    found = choose(None, record=record)
    assert (found.source.kind, found.wheel) == (SourceKind.INDEX, None)
    assert "ci --install" in found.why


def test_a_wheel_that_was_built_again_since_is_not_taken_for_the_installed_one(tmp_path: Path) -> None:
    wheel = tmp_path / NAME
    wheel.write_bytes(b"other bytes")
    record = of_wheel(wheel, hashlib.sha256(b"bytes").hexdigest())
    assert choose(None, record=record).source.kind is SourceKind.INDEX


@pytest.mark.parametrize(
    ("line", "extras"),
    [
        ("model-reconciler==0.1.0", "model-reconciler[a,b]==0.1.0"),
        ("Model_Reconciler[x]==0.1.0", "Model_Reconciler[a,b]==0.1.0"),
        (f"./wheels/{NAME}", f"./wheels/{NAME}[a,b]"),
        (f"model-reconciler @ git+https://h/o/model-reconciler@{COMMIT}", None),
    ],
)
def test_the_line_is_found_replaced_and_given_extras(line: str, extras: str | None) -> None:
    lock = f"numpy==2.4.6\n{line}\n# the end\n"
    assert program_source.line_of(lock) == line
    assert program_source.with_line(lock, "new") == "numpy==2.4.6\nnew\n# the end\n"
    due = extras or f"model-reconciler[a,b] @ git+https://h/o/model-reconciler@{COMMIT}"
    assert program_source.with_extras(line, ("a", "b")) == due
    assert program_source.extras_of(due) == ("a", "b")


def test_other_lines_are_not_taken_for_it() -> None:
    for line in ("model-reconcilers==1", "# model-reconciler==1", "other @ https://h/model_reconciler.zip", "numpy==1"):
        assert program_source.line_of(f"{line}\n") is None, line
