"""Group model plans that change alike: five hundred models with the same change are one line to a reviewer.

Alike: the same actions and gate results, the same fields of the recipe with the same old and new values, the same gates
with the same results, and the same words but for digests and numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.plan.plan import ModelPlan

_PARTICULARS = re.compile(r"\b[0-9a-f]{12}\b|[-+]?\d[\d,]*(\.\d+)?%?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelGroup:
    """`parts` in the order in which they came; never empty."""

    parts: tuple[ModelPlan, ...]

    @property
    def first(self) -> ModelPlan:
        return self.parts[0]


def grouped(parts: Iterable[ModelPlan]) -> tuple[ModelGroup, ...]:
    """Group model plans that read alike, in the order of their first members."""
    groups: dict[object, list[ModelPlan]] = {}
    for part in parts:
        groups.setdefault(_kind(part), []).append(part)
    return tuple(ModelGroup(parts=tuple(members)) for members in groups.values())


def in_general(text: str) -> str:
    """Replace one member's digests and numbers in `text` by an ellipsis."""
    return _PARTICULARS.sub("…", text)


def _kind(part: ModelPlan) -> object:
    detail = part.detail
    return (
        part.status,
        tuple((step.action, step.target, step.adopts, in_general(step.reason)) for step in part.steps),
        in_general(part.reason),
        tuple(map(in_general, part.blocked.reasons)) if part.blocked else None,
        detail.changes,
        tuple(map(in_general, detail.notes)),
        tuple(
            (verification.environment, tuple((result.gate, result.verdict) for result in verification.results))
            for verification in detail.verifications
        ),
    )
