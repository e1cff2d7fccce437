"""At random: whoever writes the stores, in any way and several at once, has no byte served that nobody allowed.

A model judges each attempt: what production serves afterwards is what it served before, or what git pins, where that is
signed and passed its gates; after a rollback, also what was deployed before; and its bytes are those that were signed.
With the verdicts of trust switched off, by another verifier or another declaration, the same sweep fails within few
seeds, so it would notice.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.digest import Digest, hex_of
from reconciler.core.trust.attestation import STATEMENT_TYPE
from reconciler.core.trust.keys import PublicKey, Signature, Trust
from reconciler.engine.trust.entries import ENTRY_TYPE
from reconciler.errors import ReconcilerError
from reconciler.testing.memory_keys import MemoryVerifier
from tests.simulation.sample_project import MODEL
from tests.support.effort import count
from tests.unit.engine.trust.attacks import ATTACKS, Known, evidence, replanted
from tests.unit.engine.trust.signed_scenario import PROMOTER, REQUIRED, TRAINER, SignedScenario

FIRST, OLD, GOOD, UNSIGNED, WORSE = 20, 30, 40, 41, 10
FEW = 300  # seeds within which a sweep without trust must fail


class BelievingVerifier(MemoryVerifier):
    """Believes whatever a signature of this kind of document says of its key. Implements ports.Verifier."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def signed_by(
        self, payload_type: str, payload: bytes, signatures: Collection[Signature], keys: Collection[PublicKey]
    ) -> frozenset[Digest]:
        if payload_type == self._kind:
            return frozenset(each.key for each in signatures) & {key.id for key in keys}
        return super().signed_by(payload_type, payload, signatures, keys)


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Worlds before an attack, by what git pins in them, and what may be served after it."""

    worlds: dict[str, SignedScenario]
    known: Known
    first: Digest
    old: Digest
    good: Digest
    releases: dict[str, Any]
    folder: Path

    def allowed(self, pinned: str, *, back: bool) -> set[Digest]:
        return {self.old, *({self.good} if pinned == "good" else ()), *({self.first} if back else ())}

    def attempt(self, seed: int) -> tuple[Digest | None, str | None]:
        """Attack a world and go on as its owners do; return what is served, and what of that nobody allowed. An attempt
        is a function of its number."""
        chance = random.Random(seed)
        pinned = chance.choice(sorted(self.worlds))
        world = self.worlds[pinned].copied(self.folder / f"w{seed}")
        known = replace(self.known, wanted=pinned) if pinned in self.known.builds else self.known
        told = []
        steps = [(chance.choice(ATTACKS), chance.choice(["production", "sandbox"])) for _ in range(chance.randrange(4))]
        if not steps or chance.random() < 0.6:  # one who knows what to forge, and perhaps does more besides
            aimed = [(evidence, "sandbox"), (evidence, "sandbox"), (replanted, "production")]
            steps = [chance.choice(aimed), *steps[2:]]
        for attack, place in steps:
            objects = world.project.stores[place].objects
            if objects:
                told.append(attack.__name__)
                attack(chance, objects, known)
        back = chance.random() < (0.6 if "replanted" in told else 0.15)
        with suppress(ReconcilerError):
            if chance.random() < 0.3:
                world.apply_as("sandbox", TRAINER)
        with suppress(ReconcilerError):
            if back:
                with world.signed(PROMOTER):
                    world.rollback_now(to=chance.choice([None, 0, 1]))
        with suppress(ReconcilerError):
            world.apply_as("production", PROMOTER)
        served = world.serves
        if served not in self.allowed(pinned, back=back):
            return served, f"seed {seed}, {pinned} pinned, {told}: {self.name(served)} is served"
        if world.project.target.releases[MODEL][hex_of(served)] != self.releases[hex_of(served)]:
            return served, f"seed {seed}, {pinned} pinned, {told}: other bytes are served"
        return served, None

    def name(self, digest: Digest | None) -> str:
        return next((name for name, each in self.known.artifacts.items() if each == digest), str(digest))


def sweep(folder: Path, trust: Trust = REQUIRED) -> Sweep:
    """Deploy two artifacts; then pin a better one, one that nobody signed, and one that is worse than what serves."""
    scenario = SignedScenario(folder / "base", trust)
    first = scenario.deployed(FIRST, compares=True)
    bodies = [*scenario.project.stores["production"].objects.items()]
    old = scenario.deployed(OLD, compares=True)
    worlds, artifacts, builds = {}, {"first": first, "old": old}, {}
    releases: dict[str, Any] = dict(scenario.project.target.releases[MODEL])
    for name, seed, key in (("good", GOOD, TRAINER), ("unsigned", UNSIGNED, None), ("worse", WORSE, TRAINER)):
        artifacts[name] = scenario.proposed(seed, key=key, compares=True)
        head = scenario.head("sandbox")
        assert head is not None
        assert head.state.build is not None
        builds[name] = head.state.build
        worlds[name] = scenario.copied(folder / name)
    for store in scenario.project.stores.values():
        bodies += store.objects.items()
    honest = worlds["good"].copied(folder / "honest")
    honest.apply_as("production", PROMOTER)
    assert honest.serves == artifacts["good"]
    releases |= honest.project.target.releases[MODEL]
    known = Known(bodies=sorted(set(bodies)), artifacts=artifacts, builds=builds)
    return Sweep(
        worlds=worlds,
        known=known,
        first=first,
        old=old,
        good=artifacts["good"],
        releases=releases,
        folder=folder,
    )


@pytest.mark.soak
def test_no_attack_on_the_stores_gets_another_byte_served(tmp_path: Path) -> None:
    here = sweep(tmp_path)
    served: dict[str, int] = {}
    for seed in range(count("TAMPERINGS")):
        digest, problem = here.attempt(seed)
        assert problem is None, problem
        served[here.name(digest)] = served.get(here.name(digest), 0) + 1
    assert set(served) >= {"old", "good"}, "some attempts change nothing that matters, and some are refused"


@pytest.mark.parametrize("kind", [STATEMENT_TYPE, ENTRY_TYPE], ids=["statements", "entries"])
def test_a_verifier_that_believes_every_signature_is_found_out(tmp_path: Path, kind: str) -> None:
    here = sweep(tmp_path)
    for world in here.worlds.values():
        world.verifier = BelievingVerifier(kind)
    assert any(here.attempt(seed)[1] for seed in range(FEW))


def test_an_environment_that_trusts_no_key_is_found_out(tmp_path: Path) -> None:
    """Without keys an unsigned artifact is no surprise; that a worse one is deployed by a forged comparison is."""
    here = sweep(tmp_path, Trust())
    del here.worlds["unsigned"]
    assert any(here.attempt(seed)[1] for seed in range(FEW))
