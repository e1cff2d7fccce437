"""A plan of many models in which nothing will happen and of which there is nothing to say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    environment: str
    role: str
    revision: str | None
    models: int
