"""A scenario whose processes sign, and whose production trusts keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.core.digest import Digest
from reconciler.core.plan.apply_result import ApplyResult
from reconciler.core.trust.keys import Trust, TrustedKey
from reconciler.engine.dependencies import Dependencies
from reconciler.testing.fault_injection import Script
from reconciler.testing.memory_keys import MemorySigner, MemoryVerifier, key_of
from tests.simulation.sample_project import PRODUCTION
from tests.simulation.scenario import Scenario

TRAINER, PROMOTER = "trainer", "promoter"


def trusted(name: str, **said: Any) -> TrustedKey:
    return TrustedKey(key=key_of(name), file=f"keys/{name}.pub", **said)


REQUIRED = Trust(required=True, trainer=(trusted(TRAINER),), promoter=(trusted(PROMOTER),))


class SignedScenario(Scenario):
    """The sandbox is applied with a trainer's key, production with a promoter's; `signs` names another one."""

    def __init__(self, folder: Path, trust: Trust = REQUIRED) -> None:
        super().__init__(folder)
        self.production = replace(PRODUCTION, trust=trust)
        self.signs: str | None = None
        self.verifier = MemoryVerifier()

    def trust(self, trust: Trust) -> None:
        self.production = replace(PRODUCTION, trust=trust)

    def commit(self, **says: Any) -> Any:
        return super().commit(**{"production": self.production, **says})

    def deps(self, script: Script | None = None, **ports: Any) -> Dependencies:
        deps = super().deps(script, **ports)
        signer = MemorySigner(self.signs) if self.signs else None
        return replace(deps, signer=lambda: signer, verifier=self.verifier)

    @contextmanager
    def signed(self, name: str | None) -> Iterator[None]:
        before, self.signs = self.signs, name
        yield
        self.signs = before

    def apply_as(self, environment: str, key: str | None) -> ApplyResult:
        with self.signed(key):
            return self.apply(environment)

    def deployed(self, seed: int = 10, **says: Any) -> Digest:
        pin = self.proposed(seed, **says)
        self.apply_as("production", PROMOTER)
        assert self.serves == pin
        return pin

    def proposed(self, seed: int = 10, *, key: str | None = TRAINER, **says: Any) -> Digest:
        """Train recipe `seed` with a trainer's key and pin it; nothing is deployed."""
        self.commit(seed=seed, **says)
        self.apply_as("sandbox", key)
        self.commit(seed=seed, pin=self.candidate, **says)
        return self.candidate
