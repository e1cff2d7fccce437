"""The test of what is live may be looked at every day: few false alarms, and a fall is seen soon."""

from __future__ import annotations

import math
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.monitoring.evidence import DAYS, LIMIT, NOTHING, Losses, evidence
from tests.support.effort import count, examples

CHANGE = 40


def beta_binomial(rows: int, hits: int, a: float, b: float) -> float:
    def log_beta(x: float, y: float) -> float:
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    return math.comb(rows, hits) * math.exp(log_beta(hits + a, rows - hits + b) - log_beta(a, b))


@pytest.mark.parametrize(("rows", "wrong"), [(5, 1), (20, 0), (50, 11)])
def test_while_the_promise_is_kept_its_mean_is_what_the_guarantee_says(rows: int, wrong: int) -> None:
    # Every course of three days, weighted by how likely it is at the rates that the holdout leaves open.
    mean = 0.0
    for course in product(range(5), repeat=3):
        likely, seen, hits = 1.0, rows, wrong
        for found in course:
            likely *= beta_binomial(4, found, hits + 0.5, seen - hits + 0.5)
            seen, hits = seen + 4, hits + found
        days = [Losses(rows=4, loss=found) for found in course]
        mean += likely * math.exp(evidence(Losses(rows=rows, loss=wrong), days).log)
    assert mean == pytest.approx(0.05 + 2 * 0.95 / DAYS)


@pytest.mark.soak
@settings(max_examples=examples(30))
@given(
    rows=st.integers(1, 2_000),
    share=st.floats(0, 1),
    days=st.lists(st.tuples(st.integers(0, 300), st.floats(0, 1)), max_size=12),
)
def test_any_losses_give_a_finite_number_and_one_of_the_days(
    rows: int, share: float, days: list[tuple[int, float]]
) -> None:
    found = evidence(Losses(rows=rows, loss=rows * share), [Losses(rows=each, loss=each * part) for each, part in days])
    assert found == NOTHING or math.isfinite(found.log)
    assert (found.since is None) == (not any(each for each, _ in days))
    if found.since is not None:
        assert days[found.since][0] > 0


def test_a_long_good_past_hides_no_change_and_the_day_of_the_change_is_found() -> None:
    promised = Losses(rows=500, loss=100)
    good, bad = [Losses(rows=50, loss=10)] * 400, [Losses(rows=50, loss=16)] * 14
    found = evidence(promised, [*good, *bad])
    assert found.reaches_limit
    assert found.since is not None
    assert abs(found.since - 400) <= 3
    assert not evidence(promised, good).reaches_limit


def test_better_than_promised_is_no_alarm() -> None:
    assert not evidence(Losses(rows=500, loss=100), [Losses(rows=100, loss=5)] * 60).reaches_limit


def test_a_promise_from_few_rows_counts_for_little() -> None:
    live = [Losses(rows=50, loss=15)] * 8
    assert evidence(Losses(rows=5_000, loss=1_000), live).reaches_limit
    assert not evidence(Losses(rows=30, loss=6), live).reaches_limit


def first_alarm(random: Random, *, rows: int, wrong: float, each: int, fall: float, days: int = 90) -> int | None:
    """Return on which day the first look calls a model degraded that gets worse on CHANGE; every day is looked at."""

    def drawn(number: int, rate: float) -> Losses:
        return Losses(rows=number, loss=sum(random.random() < rate for _ in range(number)))

    promised, course = drawn(rows, wrong), list[Losses]()
    for day in range(days):
        course.append(drawn(each, wrong + fall if day >= CHANGE else wrong))
        if evidence(promised, course).reaches_limit:
            return day
    return None


@pytest.mark.soak(every=3)
@pytest.mark.parametrize(("rows", "wrong", "each"), [(500, 0.2, 50), (500, 0.1, 20), (2_000, 0.15, 100), (50, 0.3, 10)])
def test_quiet_models_that_are_looked_at_every_day_are_called_degraded_in_at_most_5_of_100_quarters(
    rows: int, wrong: float, each: int
) -> None:
    runs, random = count("QUIET_RUNS"), Random(16)
    alarms = sum(first_alarm(random, rows=rows, wrong=wrong, each=each, fall=0.0) is not None for _ in range(runs))
    assert alarms <= 0.05 * runs + (0 if runs >= 500 else 1)


@pytest.mark.soak(every=3)
@pytest.mark.parametrize(("fall", "within"), [(0.10, 500), (0.05, 2_000)])
@pytest.mark.parametrize(("rows", "wrong", "each"), [(500, 0.1, 50), (500, 0.2, 50), (2_000, 0.15, 100)])
def test_a_fall_of_accuracy_on_day_40_is_seen_within_so_many_outcomes(
    rows: int, wrong: float, each: int, fall: float, within: int
) -> None:
    runs, random = count("CHANGED_RUNS"), Random(16)
    last = CHANGE + within // each
    found = [first_alarm(random, rows=rows, wrong=wrong, each=each, fall=fall, days=last) for _ in range(runs)]
    seen = sum(day is not None and day >= CHANGE for day in found)
    early = sum(day is not None and day < CHANGE for day in found)
    assert seen >= 0.9 * (runs - early) - (0 if runs >= 200 else 2)
    assert early <= 0.05 * runs + (0 if runs >= 200 else 1)


@pytest.mark.soak
def test_errors_of_numbers_that_keep_their_promise_are_quiet_too() -> None:
    runs, random, alarms = count("QUIET_RUNS"), Random(16), 0
    for _ in range(runs):
        # Absolute errors of a normal law, in parts of twice its standard deviation.
        def drawn(number: int) -> Losses:
            return Losses(rows=number, loss=sum(min(1.0, abs(random.gauss(0, 0.5))) for _ in range(number)))

        promised = drawn(500)
        course = [drawn(20) for _ in range(90)]
        alarms += any(evidence(promised, course[:day]).reaches_limit for day in range(1, 91, 1 if runs >= 500 else 10))
    assert alarms <= 0.05 * runs


def test_the_limit_is_the_stated_rate() -> None:
    assert (LIMIT, DAYS) == (16.0, 60)
