"""Which models an open request is for is told by its branch, or by a line of its body that its branch agrees to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.names import is_revision
from reconciler.core.promotion.model_set import LONGEST, in_words, mark_of, models_of, set_name

NAMES = st.sets(st.from_regex(r"[a-z][a-z0-9]{0,30}", fullmatch=True), min_size=1, max_size=60)


@given(NAMES)
def test_the_models_of_a_request_are_found_again(models: set[str]) -> None:
    part = set_name(models)
    assert len(part) <= LONGEST + 30
    assert is_revision(f"promote/production/{part}/1a2b3c")
    assert models_of(part, f"{mark_of(models)}\n\nwhatever") == models


def test_one_model_keeps_the_name_of_its_branch_and_few_are_read_from_theirs() -> None:
    assert set_name(["churn"]) == "churn"
    assert set_name(["orders", "churn", "orders"]) == "churn+orders"
    assert models_of("churn+orders", "") == {"churn", "orders"}


def test_many_are_known_only_by_a_line_that_gives_the_digest_of_their_branch() -> None:
    many = [f"model-{number}" for number in range(40)]
    part = set_name(many)
    assert part.startswith("model-0+39-more-")
    assert models_of(part, mark_of(many)) == set(many)
    assert models_of(part, mark_of(many[:-1])) is None, "somebody edited the body"
    assert models_of(part, "") is None


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (["b"], "b"),
        (["b", "a"], "a and b"),
        (["c", "b", "a"], "a, b and c"),
        (["d", "c", "b", "a"], "a, b, c and 1 more"),
        (["a" * 60, "b" * 60, "c" * 60], f"{'a' * 60} and 2 more"),
    ],
)
def test_a_title_names_few_models_and_counts_the_rest(models: list[str], words: str) -> None:
    assert in_words(models) == words
