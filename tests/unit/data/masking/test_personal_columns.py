"""Columns that look personal are told from those that only seem to, in five languages."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from reconciler.data.masking.personal_columns import judge
from tests.support.personal_columns import COLUMNS


def matrix() -> dict[tuple[str, bool], Counter[bool]]:
    """(language, whether personal) -> how many were found, and how many not."""
    found: dict[tuple[str, bool], Counter[bool]] = {}
    for column in COLUMNS:
        looks = any(judge("t", column.name, column.kind, Counter(column.values())))
        found.setdefault((column.language, column.personal), Counter())[looks] += 1
    return found


def test_sixty_columns_are_told_apart() -> None:
    assert Counter(column.personal for column in COLUMNS) == {True: 30, False: 30}
    wrong = [
        (column.language, column.name, [found.looks_like for found in judged])
        for column in COLUMNS
        if bool(judged := list(judge("t", column.name, column.kind, Counter(column.values())))) is not column.personal
    ]
    assert not wrong


def test_a_message_about_personal_data_holds_no_value() -> None:
    for column in COLUMNS:
        values = column.values()
        for found in judge("t", column.name, column.kind, Counter(values)):
            assert not any(value in repr(found) for value in values)
            assert 0 < found.share <= 1


def test_the_page_on_masks_has_this_confusion_matrix() -> None:
    counts = matrix()
    rows = [
        f"| {language} | {yes[True]} | {yes[False]} | {no[True]} | {no[False]} |"
        for language in sorted({language for language, _ in counts})
        for yes, no in [(counts[language, True], counts[language, False])]
    ]
    page = (Path(__file__).resolve().parents[4] / "docs/how-to/mask.md").read_text()
    assert "\n".join(rows) in page
    assert sum(counts[language, True][True] for language, personal in counts if personal) >= 28
