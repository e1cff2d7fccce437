"""What the reviewers of a pull request saw of a plan, small enough to stand in one comment, and what moved since.

Each model's part of a plan has a digest over its basis. Here it is cut to 128 bits, which nobody can meet on purpose,
beside one byte per field of the basis, which decides nothing and names the field that moved.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum

from reconciler.core.digest import digest_of_bytes, hex_of
from reconciler.core.plan.config_diff import ModelDifference
from reconciler.core.plan.plan import Plan, PlanInputs

_LARGEST = 1024**2  # bytes of a record, unpacked
_RECORD = re.compile(r"<!-- reconciler-reviewed ([A-Za-z0-9+/=]{1,60000}) -->")
DECLARED = ("environment", "model", "pin", "recipe", "gates")


class DigestDepth(StrEnum):
    WHOLE = "whole"  # all that a part depends on
    DECLARED = "declared"  # what git alone shows of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedModel:
    """`digest`: 32 hexadecimal digits; `marks`: two for each field of the basis that counts, in their order."""

    model: str
    digest: str
    marks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedPlan:
    """`commit` is the head of the request that was planned."""

    environment: str
    commit: str
    depth: DigestDepth
    models: tuple[ReviewedModel, ...]
    format: int = 1

    def model(self, name: str) -> ReviewedModel | None:
        return next((one for one in self.models if one.model == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanComment:
    """What a comment on a pull request tells of one environment. `plan` is None where only git could be read, and
    `unseen` says why; `differences` are of the models that the request touches, `untouched` counts the others that are
    declared."""

    environment: str
    role: str
    revision: str | None
    base: str | None
    plan: Plan | None
    unseen: str | None
    differences: tuple[ModelDifference, ...]
    reviewed: ReviewedPlan
    untouched: int
    format: int = 1


def reviewed_model(basis: PlanInputs, depth: DigestDepth) -> ReviewedModel:
    found = [hex_of(digest_of_bytes(f"{name}\0{value}".encode())) for name, value in _counting(basis, depth)]
    return ReviewedModel(
        model=basis.model,
        digest=hex_of(digest_of_bytes("".join(found).encode()))[:32],
        marks="".join(one[:2] for one in found),
    )


def moved(before: ReviewedModel, now: ReviewedModel, depth: DigestDepth) -> tuple[str, ...]:
    """Names of the fields that differ; empty when it is what was reviewed."""
    if before.digest == now.digest:
        return ()
    pairs = zip(_names(depth), _twos(before.marks), _twos(now.marks), strict=False)
    return tuple(name for name, old, new in pairs if old != new) or ("what it depends on",)


def _twos(marks: str) -> list[str]:
    return [marks[at : at + 2] for at in range(0, len(marks), 2)]


def _names(depth: DigestDepth) -> list[str]:
    return [one.name for one in fields(PlanInputs) if depth is DigestDepth.WHOLE or one.name in DECLARED]


def _counting(basis: PlanInputs, depth: DigestDepth) -> Iterator[tuple[str, str]]:
    """(field, its value in words) of what counts at this depth."""
    for name in _names(depth):
        value = getattr(basis, name)
        yield name, "\n".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def hidden(record: bytes) -> str:
    """A record as a comment that no reader of the rendered Markdown sees."""
    return f"<!-- reconciler-reviewed {base64.b64encode(zlib.compress(record, 9)).decode()} -->"


def revealed(body: str) -> bytes | None:
    """The record in a body; None where there is none, or one that was not written by `hidden`."""
    found = _RECORD.search(body)
    if found is None:
        return None
    try:
        packed = base64.b64decode(found[1], validate=True)
        opened = zlib.decompressobj()
        record = opened.decompress(packed, _LARGEST)
    except (ValueError, zlib.error):
        return None
    return record if opened.eof and not opened.unused_data else None
