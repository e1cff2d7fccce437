"""Tell whether a candidate was shown to be better than what is deployed, by the comparisons of its gates. Pure."""

from __future__ import annotations

from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.gates import NoWorseThanIncumbent, Verification
from reconciler.core.spec.gates.known_figures import as_it_moved

_NO_GATE = "no gate compares it with the deployed artifact"


def why_not_better(verification: Verification | None) -> str | None:
    """Return why a candidate was not shown to be better than the deployed artifact; None where it was.

    It was where a comparison on the same rows has an interval above 0 and none has one below. `verification` None: it
    was deployed before, so that no gate was asked.
    """
    if verification is None:
        return "it was deployed here before, and is not compared again"
    results = (result for result in verification.applied if isinstance(result.gate, NoWorseThanIncumbent))
    made = [result.comparison for result in results if result.comparison is not None]
    compared = [each for each in made if each.state is Comparability.COMPARED]
    if not compared:
        return next((each.reason for each in made if each.reason), _NO_GATE)
    worse = [each for each in compared if each.upper is not None and each.upper < 0]
    better = [each for each in compared if each.lower is not None and each.lower > 0]
    if better and not worse:
        return None
    return f"{'worse' if worse else 'no difference seen'}: {_figures((worse or compared)[0])}"


def _figures(comparison: Comparison) -> str:
    rows = f"on {comparison.rows:,} rows that neither learnt from"
    name, moved, least, most = as_it_moved(comparison.metric, comparison)
    return f"{name} {moved:+.3f} (95% interval {least:+.3f} to {most:+.3f}) {rows}"
