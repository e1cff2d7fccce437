"""A table's header is read once for each file as it is and each declaration of it."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters.caches import cached_json
from reconciler.adapters.caches.header_cache import CachedHeaders
from reconciler.core.spec.data import Table
from reconciler.ports import HeaderRequest, TableHeader

TABLE = Table(uses="csv", path="orders.csv")
BOTH = TableHeader(columns=("a", "b"), texts=("b",))


class Asked:
    """Headers that count how often they are asked."""

    def __init__(self, answer: tuple[str, ...] | None = ("a", "b")) -> None:
        self.answer, self.times = answer, 0

    def header(self, request: HeaderRequest) -> TableHeader:
        self.times += 1
        return TableHeader(columns=self.answer, texts=self.answer[1:] if self.answer else ())


@pytest.fixture
def request_(tmp_path: Path) -> HeaderRequest:
    (tmp_path / "orders.csv").write_text("a,b\n")
    return HeaderRequest(root=tmp_path, name="orders", table=TABLE)


def cached(request: HeaderRequest, inner: Asked, *, settled: int = 0) -> CachedHeaders:
    return CachedHeaders(inner, lambda: request.root / "cache/headers.json", settled=settled)


def test_a_file_that_did_not_change_is_not_read_again(request_: HeaderRequest) -> None:
    inner = Asked()
    assert cached(request_, inner).header(request_) == BOTH
    assert cached(request_, inner).header(request_) == BOTH
    assert inner.times == 1


def test_another_file_or_declaration_is_read(request_: HeaderRequest) -> None:
    inner = Asked()
    cached(request_, inner).header(request_)
    cached(request_, inner).header(replace(request_, table=replace(TABLE, delimiter=";")))
    assert inner.times == 2
    path = request_.root / "orders.csv"
    status = path.stat()
    path.write_text("c,d\n")  # as long, and with the same time of its last change
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    cached(request_, inner).header(request_)
    assert inner.times == 3


def test_a_file_that_is_not_here_is_looked_for_again(request_: HeaderRequest) -> None:
    inner = Asked(None)
    (request_.root / "orders.csv").unlink()
    assert [cached(request_, inner).header(request_).columns for _ in range(2)] == [None, None]
    assert inner.times == 2


def test_a_file_that_was_just_written_is_read_again(request_: HeaderRequest) -> None:
    """Another write within the clock's tick would not show in its times."""
    inner = Asked()
    for _ in range(2):
        cached(request_, inner, settled=time.time_ns()).header(request_)
    assert inner.times == 2


@pytest.mark.parametrize("body", [b"", b"{}", b"garbage\n[]"])
def test_a_damaged_cache_is_ignored(request_: HeaderRequest, body: bytes) -> None:
    inner = Asked()
    cached(request_, inner).header(request_)
    (request_.root / "cache/headers.json").write_bytes(body)
    assert cached(request_, inner).header(request_) == BOTH
    assert inner.times == 2


@pytest.mark.parametrize("planted", [5, None, "ab", [1, 2], {"a": "b"}, ["a", "b"], [["a"], [2]]])
def test_what_is_no_list_of_columns_is_read_again(request_: HeaderRequest, planted: object) -> None:
    cached(request_, Asked()).header(request_)
    path = request_.root / "cache/headers.json"
    cached_json.save(path, dict.fromkeys(cached_json.load(path), planted))
    assert cached(request_, inner := Asked()).header(request_) == BOTH
    assert inner.times == 1
