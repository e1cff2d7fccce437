"""A prediction of nothing says so, and why it may be: no table of shares of no record."""

from __future__ import annotations

from dataclasses import replace

from reconciler.report.inspect import predict
from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.text_layout import TextStyle
from tests.golden.report.values import predictions


def test_no_record_is_told_with_what_leaves_rows_out() -> None:
    some = predictions()
    none = replace(some, rows=0, counts=tuple(0 for _ in some.counts), uncertain=0)
    text = to_text(predict.blocks(none, Detail.SCREEN), TextStyle(width=300))
    assert "No row passes both data.where and data.predict.where of the recipe." in text
    assert "IS DISTINCT FROM" in text
    assert "0%" not in text
    assert "No row passes" not in to_text(predict.blocks(some, Detail.SCREEN), TextStyle(width=300))
