"""What advice says of a candidate: worse, no difference seen, not compared; never "propose it" without a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.artifact.journal import GateSetResult
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.gates import GateResult, GateStatus, NoWorseThanIncumbent, Verification
from reconciler.engine.evaluation.evidence import against_deployed
from reconciler.engine.plan import verification
from reconciler.testing.memory import MemoryStore

NEW, OLD, SET = (digest_of_bytes(name) for name in (b"new", b"old", b"gates"))


def told(folder: Path, lower: float, upper: float, deployed: Digest | None = OLD) -> tuple[str, bool]:
    store, gate = MemoryStore(folder), NoWorseThanIncumbent(metric="f1_macro", tolerance=0.05)
    comparison = Comparison(
        state=Comparability.COMPARED,
        metric="f1_macro",
        rows=1_000,
        difference=(lower + upper) / 2,
        lower=lower,
        upper=upper,
    )
    result = GateResult(gate=gate, verdict=GateStatus.PASSED, reason="", comparison=comparison)
    verification.write(
        store,
        Verification(
            artifact=NEW,
            environment="production",
            gate_set=SET,
            evaluation=SET,
            incumbent=OLD,
            results=(result,),
        ),
    )
    judged = GateSetResult(environment="production", gate_set=SET, passed=True)
    return against_deployed(store, NEW, judged, "production", deployed)


@pytest.mark.parametrize(
    ("lower", "upper", "words", "favoured"),
    [
        (-0.04, -0.01, "it is worse than", False),
        (-0.009, 0.007, "no difference is seen from", False),
        (0.01, 0.05, "it is better than", True),
    ],
)
def test_what_is_seen_is_said(tmp_path: Path, lower: float, upper: float, words: str, favoured: bool) -> None:
    reason, speaks_for_it = told(tmp_path, lower, upper)
    assert reason.startswith(words)
    assert f"95% interval {lower:+.3f} to {upper:+.3f}, on 1,000 rows" in reason
    assert speaks_for_it is favoured


def test_a_comparison_with_another_one_than_is_deployed_counts_as_none(tmp_path: Path) -> None:
    reason, speaks_for_it = told(tmp_path, 0.01, 0.05, deployed=digest_of_bytes(b"a third"))
    assert "was not compared" in reason
    assert not speaks_for_it


def test_where_nothing_is_deployed_the_first_one_may_be_proposed(tmp_path: Path) -> None:
    assert told(tmp_path, 0.01, 0.05, deployed=None) == ("nothing is deployed in production to compare it with", True)
