"""Record which plan the reviewers of a pull request saw, small enough for one comment, and tell what changed since.

A record also holds the digest of the text that it was posted with, so that the one cannot be edited without the other.
Each model plan has a digest over its inputs. The record keeps 128 bits of it, too many for a collision on purpose, and
one byte per input field, which decides nothing but names the field that changed.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum

from reconciler.core.digest import Digest, digest_of_bytes, hex_of
from reconciler.core.plan.config_diff import ModelDifference
from reconciler.core.plan.plan import Plan, PlanInputs

_LARGEST = 1024**2  # bytes of a record, unpacked
_RECORD = re.compile(r"<!-- reconciler-reviewed ([A-Za-z0-9+/=]{1,60000}) -->")
DECLARED = ("environment", "model", "pin", "recipe", "gates")


class DigestDepth(StrEnum):
    """Which inputs of a plan the record covers."""

    WHOLE = "whole"  # all inputs of a model plan
    DECLARED = "declared"  # only those that git declares


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedModel:
    """The reviewed plan of one model. `digest`: 32 hexadecimal digits; `marks`: two for each input field that counts,
    in the order of the fields."""

    model: str
    digest: str
    marks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedPlan:
    """The plan that a pull request showed for one environment. `commit` is the head of the request. `shown`: the digest
    of the comment's visible text; None where the comment holds no record, or an older program wrote it."""

    environment: str
    commit: str
    depth: DigestDepth
    models: tuple[ReviewedModel, ...]
    shown: Digest | None = None
    format: int = 1

    def model(self, name: str) -> ReviewedModel | None:
        """Return the reviewed plan of a model, or None where the request did not show it."""
        return next((model for model in self.models if model.model == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanComment:
    """The content of a plan comment on a pull request, for one environment. `plan` is None where only git could be
    read, and `unseen` says why; `differences` are those of the models that the request changes; `untouched` counts the
    other declared models. `place`: that of the project in its repository, None at its root."""

    environment: str
    role: str
    revision: str | None
    base: str | None
    plan: Plan | None
    unseen: str | None
    differences: tuple[ModelDifference, ...]
    reviewed: ReviewedPlan
    untouched: int
    place: str | None = None
    format: int = 1


def reviewed_model(basis: PlanInputs, depth: DigestDepth) -> ReviewedModel:
    """Return the record of one model plan, from its inputs."""
    model_digests = [
        hex_of(digest_of_bytes(f"{name}\0{value}".encode())) for name, value in _relevant_inputs(basis, depth)
    ]
    return ReviewedModel(
        model=basis.model,
        digest=hex_of(digest_of_bytes("".join(model_digests).encode()))[:32],
        marks="".join(digest[:2] for digest in model_digests),
    )


def changed_fields(reviewed: ReviewedModel, now: ReviewedModel, depth: DigestDepth) -> tuple[str, ...]:
    """Return the names of the input fields that differ; empty where the plan is the reviewed one."""
    if reviewed.digest == now.digest:
        return ()
    pairs = zip(_names(depth), _mark_pairs(reviewed.marks), _mark_pairs(now.marks), strict=False)
    return tuple(name for name, old, new in pairs if old != new) or ("inputs",)


def _mark_pairs(marks: str) -> list[str]:
    return [marks[at : at + 2] for at in range(0, len(marks), 2)]


def _names(depth: DigestDepth) -> list[str]:
    return [field.name for field in fields(PlanInputs) if depth is DigestDepth.WHOLE or field.name in DECLARED]


def _relevant_inputs(basis: PlanInputs, depth: DigestDepth) -> Iterator[tuple[str, str]]:
    """Yield (field, its value as text) of the inputs that count at this depth."""
    for name in _names(depth):
        value = getattr(basis, name)
        yield name, "\n".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def hidden_record(record: bytes) -> str:
    """Return a record as an HTML comment, which readers of the rendered Markdown do not see."""
    return f"<!-- reconciler-reviewed {base64.b64encode(zlib.compress(record, 9)).decode()} -->"


def visible_digest(body: str, record: Digest) -> Digest:
    """Return the digest of a comment's text as people read it: without its record, and without the digest of that.

    Ends of lines and of the text do not count, which a forge may change.
    """
    visible = _RECORD.sub("", body).replace(record, "")
    return digest_of_bytes("\n".join(map(str.rstrip, visible.splitlines())).rstrip("\n").encode())


def parse_hidden_record(body: str) -> bytes | None:
    """Return the record in a comment's body; None where there is none, or one that `hidden_record` did not write."""
    match = _RECORD.search(body)
    if match is None:
        return None
    try:
        packed = base64.b64decode(match[1], validate=True)
        opened = zlib.decompressobj()
        record = opened.decompress(packed, _LARGEST)
    except (ValueError, zlib.error):
        return None
    return record if opened.eof and not opened.unused_data else None
