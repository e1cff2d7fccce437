"""Damage that a plan meets: what is lost, damaged or cannot be read, of one environment."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.status_codes import ResultStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One thing that stops a plan, as every reader reports it. `model` None: the environment itself. `remedy`: what to
    do about it."""

    model: str | None
    problem: str
    status: ResultStatus
    remedy: str | None = None
