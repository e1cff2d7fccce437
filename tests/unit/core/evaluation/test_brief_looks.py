"""A figure says beside it that its rows were looked at often, or that nobody can tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.evaluation.brief import in_brief
from reconciler.core.evaluation.looks import LooksSoFar
from tests.support.evaluations import three_classes

LOOKS = LooksSoFar(rows=90, average=1.0, most=1, candidates=4)


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        (None, ""),
        (LOOKS, ""),
        (replace(LOOKS, average=7.0, most=9), "judged a candidate 7 times on average so far, one of them 9 times"),
        (replace(LOOKS, average=0.0, unread="looks/sandbox/0.json is damaged"), "is not known: looks/sandbox/0.json"),
    ],
)
def test_it_is_said_in_the_line_that_every_list_has(looks: LooksSoFar | None, said: str) -> None:
    brief = in_brief(three_classes())
    assert brief is not None
    line = replace(brief, looks=looks).line
    assert said in line
    assert ("candidate" in line) is bool(said)


def test_a_headline_without_an_interval_says_why() -> None:
    brief = in_brief(three_classes())
    assert brief is not None
    assert "f1_macro 0.493 (32 rows of class late: too few for an interval)" in brief.line
