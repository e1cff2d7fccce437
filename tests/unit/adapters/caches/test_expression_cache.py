"""Expressions are parsed once per text and rules; a cache that is damaged, hostile or unwritable is as good as none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from reconciler.adapters.caches.expression_cache import CachedExpressions
from reconciler.adapters.filesystem.durable_files import read_checked, write_checked
from reconciler.ports import ParsedExpression
from tests.inputs.corruption import damaged


class Counted:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def parse(self, texts: Iterable[str]) -> Mapping[str, ParsedExpression]:
        wanted = list(texts)
        self.asked += wanted
        return {text: ParsedExpression(columns=(text,), position=len(text)) for text in wanted}


def test_a_text_is_parsed_once_and_by_one_set_of_rules(tmp_path: Path) -> None:
    inner = Counted()
    first = CachedExpressions(inner, tmp_path / "cache", grammar=lambda: 1).parse(["a", "b", "a"])
    again = CachedExpressions(inner, tmp_path / "cache", grammar=lambda: 1).parse(["b", "c"])
    assert inner.asked == ["a", "b", "c"]
    assert first["b"] == again["b"] == ParsedExpression(columns=("b",), position=1)
    CachedExpressions(inner, tmp_path / "cache", grammar=lambda: 2).parse(["a"])
    assert inner.asked[-1] == "a"


@pytest.mark.parametrize("sound", [True, False], ids=["with its checksum", "without"])
@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "7", '{"a": 7}', '{"a": {"columns": "x", "aggregate": false}}', '{"a": null}', "[" * 100_000],
    ids=range(8),
)
def test_a_damaged_cache_is_parsed_anew_and_replaced(tmp_path: Path, body: str, sound: bool) -> None:
    cache = tmp_path / "expressions-1.json"
    cache.write_bytes(body.encode())
    if sound:
        write_checked(cache, [body.encode()])
    inner = Counted()
    assert CachedExpressions(inner, tmp_path, grammar=lambda: 1).parse(["a"])["a"].columns == ("a",)
    assert inner.asked == ["a"]
    CachedExpressions(inner, tmp_path, grammar=lambda: 1).parse(["a"])
    assert inner.asked == ["a"]
    assert list(json.loads(next(read_checked(cache)))) == ["a"]
    assert [one.name for one in tmp_path.iterdir()] == ["expressions-1.json"]


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    inner = Counted()
    for _ in range(2):
        assert "a" in CachedExpressions(inner, tmp_path / "file" / "cache", grammar=lambda: 1).parse(["a"])
    assert inner.asked == ["a", "a"]


def test_every_damage_to_the_cache_makes_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "expressions-1.json"
    CachedExpressions(Counted(), tmp_path, grammar=lambda: 1).parse(["a", "days_late > 0"])
    body = path.read_bytes()
    for what, left in damaged(body):
        path.write_bytes(left)
        inner = Counted()
        found = CachedExpressions(inner, tmp_path, grammar=lambda: 1).parse(["a"])
        assert (found["a"].columns, inner.asked) == (("a",), ["a"]), what
