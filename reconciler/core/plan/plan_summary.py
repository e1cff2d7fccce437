"""Plans of many models of which most or all have nothing to do, and nothing to say of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.core.plan.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class UnchangedPlan:
    """All of them."""

    environment: str
    role: str
    revision: str | None
    models: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanExcerpt:
    """`plan` is of all the others: it has neither the parts of the `calm` ones nor their digests in its id."""

    plan: Plan
    calm: int
