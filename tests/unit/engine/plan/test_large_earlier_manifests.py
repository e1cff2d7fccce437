"""Manifests of earlier commits that are too large to be read: not read, and not taken for ones with the same pin."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from reconciler.core.size_limits import LOCK_BYTES
from reconciler.engine.load_desired import bodies_at
from reconciler.engine.plan import pin_origin
from reconciler.errors import SourceError
from reconciler.testing.memory_git import MemorySource

PIN = "sha256:" + "a" * 64
PATH = "manifests/production/payments.yaml"
SMALL = f"spec: {{artifact: '{PIN}'}}\n".encode()
LARGE = SMALL + b"#" + b"x" * LOCK_BYTES  # which reading refuses


@dataclass(frozen=True)
class Pinned:
    """Of a Model, what is asked for."""

    environment: str = "production"
    name: str = "payments"
    artifact: str = PIN
    proposed: int = 0


def test_a_pin_came_in_after_a_manifest_that_cannot_be_read() -> None:
    source = MemorySource()
    first, *_ = (source.commit({PATH: body}) for body in (SMALL, SMALL + b"# reworded\n"))
    change = pin_origin.change_of_pin(source, Pinned(), branch="main", revision=source.line[-1])  # type: ignore[arg-type]
    assert change is not None
    assert change.commit == first
    source = MemorySource()
    *_, last = [source.commit({PATH: body}) for body in (SMALL, LARGE, SMALL + b"# again\n")]
    change = pin_origin.change_of_pin(source, Pinned(), branch="main", revision=last)  # type: ignore[arg-type]
    assert change is not None
    assert change.commit == last


def test_a_manifest_to_return_to_is_measured_first_and_named() -> None:
    source = MemorySource()
    small, large = source.commit({PATH: SMALL}), source.commit({PATH: LARGE})
    assert bodies_at(source, small, (PATH, "manifests/production/payments.md")) == {PATH: SMALL}
    with pytest.raises(SourceError, match=f"{PATH} at commit {large[:12]} has 4,19") as refused:
        bodies_at(source, large, (PATH,))
    assert refused.value.code == "E311"
    assert refused.value.hint
