"""Find what people are to be told of drift. Reads only."""

from __future__ import annotations

from contextlib import suppress

from reconciler.core.inspect.drift import EnvironmentDrift
from reconciler.core.notices.notice import Notice, drifts
from reconciler.core.spec.desired_state import DesiredState
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import observe
from reconciler.errors import ReconcilerError


def notices_of(deps: Dependencies, desired: DesiredState, report: EnvironmentDrift) -> tuple[Notice, ...]:
    """Return the notices of what drifted. A journal that cannot be read is part of what drifted."""
    entries = {}
    for model in {finding.model for finding in report.findings if finding.model is not None}:
        with suppress(ReconcilerError):
            if (head := observe.head_of(deps, desired, report.environment, model)) is not None:
                entries[model] = head.entry.n
    return drifts(report, entries)
