"""A figure that rose is told with a plus, whichever way is better, wherever two models were compared."""

from __future__ import annotations

import pytest

from reconciler.core.judging.compare_models import compared_with_all
from reconciler.core.judging.compare_parts import compare_parts
from reconciler.core.promotion.improvement import why_not_better
from reconciler.core.spec.comparison import Comparability, ComparedPart, ComparedParts, Comparison
from reconciler.core.spec.gates import NoWorseThanIncumbent
from reconciler.core.spec.gates.known_figures import KNOWN_FIGURES, as_it_moved
from reconciler.report.evaluation_page.verdict import compared_in_words
from tests.unit.core.promotion.test_improvement import verified


def worse(metric: str, candidate: float = 1.5, incumbent: float = 1.0) -> Comparison:
    """A comparison as `reconciler.evaluation` makes it: its difference is below 0 where the candidate is worse."""
    loss = KNOWN_FIGURES[metric].higher is False
    return Comparison(
        state=Comparability.COMPARED,
        metric=metric,
        rows=1_000,
        candidate=candidate if loss else incumbent,
        incumbent=incumbent if loss else candidate,
        difference=incumbent - candidate,
        lower=-0.7,
        upper=-0.3,
    )


LOSSES = [name for name, known in KNOWN_FIGURES.items() if known.higher is False]
SCORES = [name for name, known in KNOWN_FIGURES.items() if known.higher is True]


@pytest.mark.parametrize("metric", [*LOSSES, *SCORES])
def test_the_sign_is_that_of_the_two_values(metric: str) -> None:
    compared = worse(metric)
    name, moved, least, most = as_it_moved(metric, compared)
    assert compared.candidate is not None
    assert compared.incumbent is not None
    assert (name, moved) == (metric, compared.candidate - compared.incumbent)
    assert least < moved < most


def test_of_coverage_nearer_is_better_and_the_name_says_so() -> None:
    assert as_it_moved("coverage", worse("coverage"))[:2] == ("nearness of coverage", -0.5)


def test_nothing_that_is_turned_stays_nothing() -> None:
    level = Comparison(state=Comparability.COMPARED, metric="mae", rows=1, difference=0.0, lower=0.0, upper=0.0)
    assert f"{as_it_moved('mae', level)[1]:+.3f}" == "+0.000"


@pytest.mark.parametrize("metric", ["pinball", "mae", "rmse", "log_loss"])
def test_a_loss_that_rose_is_told_as_risen_at_every_door(metric: str) -> None:
    compared = worse(metric)
    gate = NoWorseThanIncumbent(metric=metric)
    reason = compared_with_all(gate, compared, ()).reason
    assert reason.startswith(f"worse than the incumbent: {metric} +0.5000")
    assert "interval +0.3000 to +0.7000" in reason
    assert "worse: " + f"{metric} +0.500 (95% interval +0.300 to +0.700)" in str(why_not_better(verified(compared)))
    assert f"worse in {metric}, by +0.5" in compared_in_words(compared)
    part = ComparedPart(name="region=North", rows=500, difference=-0.5, lower=-0.7, upper=-0.3)
    sliced = NoWorseThanIncumbent(metric=metric, per="region")
    told = compare_parts(
        sliced,
        Comparison(state=Comparability.COMPARED, metric=metric, rows=1_000, per=ComparedParts(parts=(part,))),
        "the incumbent",
        "the incumbent",
    )
    assert f"{metric} +0.5000 against the incumbent (95% interval +0.3000 to +0.7000)" in told.reason
