"""Plans of many models of which most or all have nothing to do, and nothing to say of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.core.plan.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class UnchangedPlan:
    """The plan of an environment whose `models` (their number) are all unchanged."""

    environment: str
    role: str
    revision: str | None
    models: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanExcerpt:
    """The plan of the changed models, with the number of `unchanged` ones.

    The plan has neither the model plans of the unchanged ones nor their digests in its id.
    """

    plan: Plan
    unchanged: int
