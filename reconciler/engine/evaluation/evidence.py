"""What is known of a candidate against the deployed model, in words for advice: nothing is advised without it."""

from __future__ import annotations

from reconciler.core.artifact.journal import GateSetResult
from reconciler.core.digest import Digest, short
from reconciler.core.spec.comparison import Comparability, Comparison, Seen
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.gates.known_figures import as_it_moved
from reconciler.engine.plan import verification
from reconciler.errors import ReconcilerError
from reconciler.ports import Store


def against_deployed(
    store: Store, artifact: Digest, judged: GateSetResult | None, environment: str, deployed: Digest | None
) -> tuple[str, bool]:
    """Return what the comparison of an artifact with the one deployed in an environment shows, and whether that speaks
    for it. `judged`: its gate result there; `deployed`: the artifact that the environment serves now."""
    if deployed is None:
        return f"nothing is deployed in {environment} to compare it with", True
    found = _verification(store, artifact, judged)
    compared = [result.comparison for result in found.results if result.comparison is not None] if found else []
    known = [each for each in compared if each.state is Comparability.COMPARED]
    if found is None or not known or found.incumbent != deployed:
        return f"whether it is better than {short(deployed)}, which {environment} serves, was not compared", False
    told = [_told(each) for each in known]
    seen = {each.seen for each in known}
    if Seen.WORSE in seen:
        return f"it is worse than {short(deployed)}, which {environment} serves: {'; '.join(told)}", False
    if Seen.BETTER in seen:
        return f"it is better than {short(deployed)}, which {environment} serves: {'; '.join(told)}", True
    return f"no difference is seen from {short(deployed)}, which {environment} serves: {'; '.join(told)}", False


def _told(comparison: Comparison) -> str:
    name, moved, least, most = as_it_moved(comparison.metric, comparison)
    return f"{name} {moved:+.3f}, 95% interval {least:+.3f} to {most:+.3f}, on {comparison.rows:,} rows"


def _verification(store: Store, artifact: Digest, judged: GateSetResult | None) -> Verification | None:
    try:
        return verification.read(store, artifact, judged.gate_set) if judged is not None else None
    except ReconcilerError:
        return None  # audit tells of it
