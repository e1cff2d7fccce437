"""Of an archive, what could be too much work or call a constructor that no model of ours has."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest

from reconciler.errors import ScoringError
from reconciler.model_file import safe_archive
from reconciler.model_file.allowed_types import ALLOWED, LOADERS
from tests.support.small_models import trained


def archive_of(tree: Any, members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("schema.json", json.dumps(tree))
        for name, body in members.items():
            archive.writestr(name, body)
    return stream.getvalue()


def opened() -> tuple[Any, dict[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(trained("LogisticRegression").body)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(members.pop("schema.json")), members


def node(loader: str, kind: str, **more: Any) -> dict[str, Any]:
    module, _, name = kind.rpartition(".")
    return {"__class__": name, "__module__": module, "__loader__": loader, **more}


def test_each_loader_constructs_only_its_own_types() -> None:
    """Types with loaders of others: skops would call a class that a loader of losses or functions names."""
    tree, members = opened()
    pairs = {(loader, kind) for loader, kinds in LOADERS.items() for kind in kinds}
    assert {kind for _, kind in pairs} == ALLOWED - {"numpy.random._mt19937.MT19937", "numpy.random._pcg64.PCG64"} | {
        kind for kind in ALLOWED if kind in LOADERS["TypeNode"]
    }
    for place, loader in enumerate(LOADERS):
        for kind in sorted(ALLOWED)[place % 7 :: 7]:
            if (loader, kind) in pairs:
                continue
            tree["content"]["more"] = node(loader, kind, content={}, __reduce__={"args": {}})
            with pytest.raises(ScoringError) as refused:
                safe_archive.check(archive_of(tree, members))
            assert refused.value.code == "E506", (loader, kind)


def test_only_the_protocol_that_we_write_is_read() -> None:
    """An older one has other loaders under the same names."""
    tree, members = opened()
    for protocol in (0, 1, 3, None, "2"):
        with pytest.raises(ScoringError, match="protocol 2 of skops"):
            safe_archive.check(archive_of({**tree, "protocol": protocol}, members))


def test_lists_of_lists_by_reference_do_not_multiply() -> None:
    """Two hundred lists, each twice in the next one: too many for any time, in a few lines."""
    tree, members = opened()
    inner = node("ListNode", "builtins.list", content=[], __id__=1)
    for number in range(2, 60):
        reference = node("ListNode", "builtins.list", content=[], __id__=number - 1)
        inner = node("ListNode", "builtins.list", content=[inner, reference], __id__=number)
    tree["content"]["more"] = inner
    with pytest.raises(ScoringError, match="a shared object is not the same wherever it stands"):
        safe_archive.check(archive_of(tree, members))


def test_an_object_inside_itself_is_refused() -> None:
    tree, members = opened()
    inner = node("ListNode", "builtins.list", content=[], __id__=1)
    tree["content"]["more"] = node("ListNode", "builtins.list", content=[inner], __id__=1)
    with pytest.raises(ScoringError, match="a shared object is not the same"):
        safe_archive.check(archive_of(tree, members))


@pytest.mark.parametrize("dtype", ["V0", "U0", "S0"])
def test_an_array_of_nothing_is_refused(dtype: str) -> None:
    """Any number of items without a size fits no bytes."""
    tree, members = opened()
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": (10**15,)}
    )
    with pytest.raises(ScoringError, match="is not a numeric array"):
        safe_archive.check(archive_of(tree, {**members, "0.npy": stream.getvalue()}))


def test_nothing_stands_before_or_after_the_archive() -> None:
    body = trained("LogisticRegression").body
    safe_archive.check(body)
    for other in (b"MZ" + body, body + b"x", body + body, body[:-2] + b"\x01\x00x"):
        with pytest.raises(ScoringError) as refused:
            safe_archive.check(other)
        assert refused.value.code == "E507"
