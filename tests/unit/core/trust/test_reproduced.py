"""Independent trainings are counted by other keys and other runs, whatever order and however many signed what."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.digest import Digest
from reconciler.core.trust.reproduced import Reproduced, independent_trainings
from tests.support.effort import examples

KEYS = [Digest(f"sha256:{digit * 64}") for digit in "abcd"]
RECORDS = [Digest(f"sha256:{digit * 64}") for digit in "1234"]
PAIRS = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(RECORDS)), max_size=8)


def by_trying(pairs: list[tuple[Digest, Digest]]) -> int:
    """The largest set of pairs in which nothing is twice."""
    for size in range(len(set(pairs)), 0, -1):
        for chosen in combinations(sorted(set(pairs)), size):
            if len({key for key, _ in chosen}) == len({record for _, record in chosen}) == size:
                return size
    return 0


@settings(max_examples=examples(60), deadline=None)
@given(PAIRS)
def test_it_is_the_largest_set_without_a_key_or_a_run_twice(pairs: list[tuple[Digest, Digest]]) -> None:
    assert independent_trainings(pairs) == by_trying(pairs)


def test_it_is_told_in_words() -> None:
    assert str(Reproduced(by=1, least=2)).startswith("reproduced: the signed trainings of 1 independent trainer agree")
    assert not Reproduced(by=1, least=2).enough
    assert Reproduced(by=2, least=2).enough
