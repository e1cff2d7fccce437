"""Whether a candidate was shown to be better: only by a comparison whose interval lies above nothing."""

from __future__ import annotations

import pytest

from reconciler.core.digest import digest_of_bytes
from reconciler.core.promotion.improvement import why_not_better
from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.gates import GateResult, GateStatus, NoWorseThanIncumbent, Threshold, Verification


def compared(lower: float, upper: float, metric: str = "f1_macro") -> Comparison:
    return Comparison(
        state=Comparability.COMPARED,
        metric=metric,
        rows=1200,
        difference=(lower + upper) / 2,
        lower=lower,
        upper=upper,
    )


def verified(*comparisons: Comparison | None, status: GateStatus = GateStatus.PASSED) -> Verification:
    gate = NoWorseThanIncumbent(metric="f1_macro")
    return Verification(
        artifact=digest_of_bytes(b"a"),
        environment="production",
        gate_set=digest_of_bytes(b"g"),
        evaluation=digest_of_bytes(b"e"),
        incumbent=digest_of_bytes(b"i"),
        results=(
            GateResult(gate=Threshold(metric="accuracy", at_least=0.4), verdict=GateStatus.PASSED, reason="fine"),
            *(GateResult(gate=gate, verdict=status, reason="", comparison=each) for each in comparisons),
        ),
    )


BETTER = (verified(compared(0.001, 0.2)), verified(compared(-0.1, 0.1, "accuracy"), compared(0.01, 0.02)))


@pytest.mark.parametrize("verification", BETTER)
def test_an_interval_above_nothing_shows_it(verification: Verification) -> None:
    assert why_not_better(verification) is None


def test_otherwise_the_figures_say_why_not() -> None:
    assert why_not_better(verified(compared(-0.01, 0.018))) == (
        "no difference seen: f1_macro +0.004 (95% interval -0.010 to +0.018) on 1,200 rows that neither learnt from"
    )
    assert why_not_better(verified(compared(0.0, 0.1))) is not None, "an interval that begins at nothing shows nothing"
    worse = why_not_better(verified(compared(0.01, 0.02), compared(-0.2, -0.1, "accuracy")))
    assert worse is not None
    assert worse.startswith("worse: accuracy -0.150")


def test_what_was_not_compared_is_not_shown_to_be_better() -> None:
    assert why_not_better(None) == "it was deployed here before, and is not compared again"
    assert why_not_better(verified()) == "no gate compares it with the deployed artifact"
    assert why_not_better(verified(None)) == "no gate compares it with the deployed artifact"
    few = Comparison(state=Comparability.NOT_COMPARABLE, metric="f1_macro", reason="12 rows; minRows asks for 100")
    assert why_not_better(verified(few)) == "12 rows; minRows asks for 100"
    other = verified(compared(0.1, 0.2), status=GateStatus.NOT_APPLICABLE)
    assert why_not_better(other) == "no gate compares it with the deployed artifact"
