"""Attacks of whoever writes the stores of a signed project, and has no key that anybody trusts. All records get right
checksums, since those are no secret."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.journal import Entry
from reconciler.core.controls.controls import ControlsEntry
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.size_limits import RECORD_BYTES
from reconciler.core.spec.gates import GateStatus, Verification
from reconciler.core.trust.attestation import STATEMENT_TYPE, Attestation
from reconciler.core.trust.keys import Signature
from reconciler.engine.trust import envelopes, referrers, statements
from reconciler.engine.trust.entries import CONTROLS_TYPE, ENTRY_TYPE, controls_payload, entry_payload
from reconciler.engine.trust.envelopes import SignedDocument
from reconciler.errors import ReconcilerError
from reconciler.testing.memory import MemoryStore
from reconciler.testing.memory_keys import MemorySigner, key_of
from tests.unit.engine.trust.signed_scenario import PROMOTER, TRAINER

LATER = datetime(2036, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What an attacker has: all that was ever in the stores, the artifacts by name, a key that nobody trusts, and the
    name of an artifact to have served (empty: any)."""

    bodies: list[tuple[str, bytes]]
    artifacts: dict[str, Digest]
    builds: dict[str, Build] = field(default_factory=dict)
    wanted: str = ""
    signer: MemorySigner = field(default_factory=lambda: MemorySigner("attacker"))

    def signature(self, chance: random.Random, role: str, kind: str, payload: bytes) -> Signature:
        """An attacker's signature, under the attacker's name or under that of a key that is trusted."""
        own = self.signer.sign(kind, payload)
        return own if chance.random() < 0.3 else replace(own, key=key_of(role).id)


Objects = dict[str, bytes]
Attack = Callable[[random.Random, Objects, Known], None]


def _below(objects: Objects, *folders: str) -> list[str]:
    return [key for key in sorted(objects) if key.split("/")[0] in folders]


def _any_artifact(chance: random.Random, known: Known) -> Digest:
    aimed = known.wanted and chance.random() < 0.6
    return known.artifacts[known.wanted if aimed else chance.choice(sorted(known.artifacts))]


# --- bytes ------------------------------------------------------------------------------------------------------------


def flip(chance: random.Random, objects: Objects, known: Known) -> None:
    key = chance.choice(sorted(objects))
    body = bytearray(objects[key])
    body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    objects[key] = bytes(body)


def cut(chance: random.Random, objects: Objects, known: Known) -> None:
    key = chance.choice(sorted(objects))
    objects[key] = objects[key][: chance.randrange(len(objects[key]))]


def endless(chance: random.Random, objects: Objects, known: Known) -> None:
    objects[chance.choice(sorted(objects))] = b"{" + b" " * RECORD_BYTES


def remove(chance: random.Random, objects: Objects, known: Known) -> None:
    del objects[chance.choice(sorted(objects))]


def remove_all(chance: random.Random, objects: Objects, known: Known) -> None:
    """Remove a whole log, or all of a kind."""
    folder = chance.choice(sorted({key.split("/")[0] for key in objects}))
    for key in _below(objects, folder):
        del objects[key]


def replay(chance: random.Random, objects: Objects, known: Known) -> None:
    key, body = chance.choice(known.bodies)
    objects[key] = body


def move(chance: random.Random, objects: Objects, known: Known) -> None:
    """Put another object of its kind in its place: a blob of another model, an entry of another number."""
    key = chance.choice(sorted(objects))
    objects[key] = objects[chance.choice(_below(objects, key.split("/")[0]))]


def swap_models(chance: random.Random, objects: Objects, known: Known) -> None:
    """Give every blob of one artifact the bytes of another's."""
    one, other = (store_layout.blob(_any_artifact(chance, known)) for _ in range(2))
    if one in objects and other in objects:
        objects[one], objects[other] = objects[other], objects[one]


# --- logs -------------------------------------------------------------------------------------------------------------


def set_back(chance: random.Random, objects: Objects, known: Known) -> None:
    """Cut the ends of numbered logs: an old head is the newest again."""
    for folder in ("journal", "controls", "register", "referrers", "verifications"):
        if chance.random() < 0.5:
            keys = _below(objects, folder)
            for key in keys[-chance.randrange(1, len(keys) + 1) :] if keys else ():
                del objects[key]


def rechained(chance: random.Random, objects: Objects, known: Known) -> None:
    """Rewrite an entry of the journal so that another artifact was deployed, and every later one with the digest of the
    one before; or append one. Signatures are left, taken away, or made with a key of the attacker's."""
    _rechain(chance, objects, known, _any_artifact(chance, known), chance.choice(["kept", "gone", "forged"]))


def replanted(chance: random.Random, objects: Objects, known: Known) -> None:
    """The same with all that it takes: whatever belongs to an artifact that nobody allowed, signed in the name of a key
    that is trusted."""
    _rechain(chance, objects, known, known.artifacts[chance.choice(["unsigned", "worse"])], "in its name")


def _rechain(chance: random.Random, objects: Objects, known: Known, artifact: Digest, how: str) -> None:
    keys = [key for key in _below(objects, "journal") if key.startswith("journal/production/")]
    if not keys:
        return
    build = next((each for each in known.builds.values() if each.artifact == artifact), None)
    if how == "in its name" or chance.random() < 0.7:  # all that belongs to it
        for key, body in known.bodies:
            if key.startswith(("blobs/", "verifications/", "referrers/")):
                objects.setdefault(key, body)
    start = chance.randrange(len(keys) + 1)
    previous = objects[keys[start - 1]] if start else None
    with suppress(ReconcilerError):  # an earlier step damaged one
        for n in range(start, max(len(keys), start + 1)):
            base = codec.decode(Entry, objects[keys[min(n, len(keys) - 1)]], what="an entry")
            state = replace(
                base.state, artifact=artifact, build=build or base.state.build, vetted=(*base.state.vetted, artifact)
            )
            when = LATER if chance.random() < 0.1 else base.when
            linked = digest_of_bytes(previous) if previous is not None else None
            entry = replace(base, n=n, previous=linked, artifact=artifact, state=state, when=when)
            if how != "kept":
                entry = replace(entry, signatures=None)
            if how == "forged":
                made = known.signature(chance, PROMOTER, ENTRY_TYPE, entry_payload(entry))
                entry = replace(entry, signatures=(made,))
            if how == "in its name":
                own = known.signer.sign(ENTRY_TYPE, entry_payload(entry))
                entry = replace(entry, signatures=(replace(own, key=key_of(PROMOTER).id),))
            previous = codec.encode(entry)
            objects[f"{keys[0].rpartition('/')[0]}/{n}.json"] = previous


def loosened(chance: random.Random, objects: Objects, known: Known) -> None:
    """Rewrite or append controls so that others are in force, or none."""
    keys = _below(objects, "controls")
    if not keys:
        return
    key = chance.choice(keys)
    with suppress(ReconcilerError):
        entry = codec.decode(ControlsEntry, objects[key], what=key)
        others = [codec.decode(ControlsEntry, objects[each], what=each).in_force for each in keys]
        entry = replace(entry, in_force=chance.choice([(), *others]), signatures=())
        if chance.random() < 0.5:
            entry = replace(entry, n=entry.n + 1, previous=digest_of_bytes(objects[key]))
            key = f"{key.rpartition('/')[0]}/{entry.n}.json"
        if chance.random() < 0.7:
            made = known.signature(chance, PROMOTER, CONTROLS_TYPE, controls_payload(entry))
            entry = replace(entry, signatures=(made,))
        objects[key] = codec.encode(entry)


# --- evidence ---------------------------------------------------------------------------------------------------------


def _attest(chance: random.Random, objects: Objects, known: Known, artifact: Digest, payload: bytes) -> None:
    store = MemoryStore(None)  # type: ignore[arg-type]  # no file is asked for
    store.objects = objects
    made = known.signature(chance, TRAINER, STATEMENT_TYPE, payload)
    document = SignedDocument(payload_type=STATEMENT_TYPE, payload=payload, signatures=(made,))
    kind = json.loads(payload)["predicateType"]
    referrers.add(store, Attestation(subject=artifact, predicate_type=kind, envelope=envelopes.encode(document)))


def vouched(chance: random.Random, objects: Objects, known: Known) -> None:
    """Have a verification say that all passed, with a right checksum, and perhaps a signature beside the artifact."""
    keys = _below(objects, "verifications")
    about = f"{store_layout.verifications_of(_any_artifact(chance, known))}/"
    keys = [key for key in keys if key.startswith(about)] or keys
    if not keys:
        return
    key = chance.choice(keys)
    with suppress(ReconcilerError, ValueError):
        recorded = codec.decode(Verification, objects[key], what=key)
        passed = tuple(replace(each, verdict=GateStatus.PASSED, reason="so good") for each in recorded.results)
        forged = replace(recorded, results=passed)
        objects[key] = codec.encode(forged)
        if chance.random() < 0.7:
            _attest(chance, objects, known, forged.artifact, statements.gate_statement(forged, LATER))


def trained(chance: random.Random, objects: Objects, known: Known) -> None:
    """Sign what nobody trained who is trusted: its provenance as it is, or that of another artifact."""
    name = known.wanted if known.wanted and chance.random() < 0.6 else chance.choice(sorted(known.builds))
    body = objects.get(store_layout.blob(known.builds[name].provenance))
    with suppress(ReconcilerError, ValueError):
        if body is not None:
            record = codec.decode(Provenance, body, what=name)
            artifact = record.artifact if chance.random() < 0.8 else _any_artifact(chance, known)
            payload = statements.provenance_statement(record, known.builds[name].provenance)
            _attest(chance, objects, known, artifact, payload)


def evidence(chance: random.Random, objects: Objects, known: Known) -> None:
    """Forge all that an artifact needs to be let in."""
    for _ in range(chance.choice([1, 2, 3])):
        trained(chance, objects, known)
        vouched(chance, objects, known)


def re_attached(chance: random.Random, objects: Objects, known: Known) -> None:
    """Put the attestations of one artifact beside another."""
    with suppress(ReconcilerError, ValueError):
        store = MemoryStore(None)  # type: ignore[arg-type]
        store.objects = objects
        origin, other = _any_artifact(chance, known), _any_artifact(chance, known)
        for each in referrers.of_artifact(store, origin):
            if store_layout.blob(other) in objects:
                referrers.add(store, replace(each, subject=other))


def re_pointed(chance: random.Random, objects: Objects, known: Known) -> None:
    """Change one member of any record to what it is in another, or to another digest, number or day."""
    keys = [key for key in sorted(objects) if not key.startswith("blobs/")]
    if not keys:
        return
    key = chance.choice(keys)
    with suppress(ValueError, RecursionError, AttributeError):
        document: Any = json.loads(objects[key])
        checked = document.pop("~sha256", None) is not None
        places = list(_places(document))
        holder, name = chance.choice(places)
        holder[name] = _other(chance, known, holder[name])
        body = codec.canonical(document)
        objects[key] = codec.with_checksum(body) if checked else body


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Every place of a document: a holder, and a name or number in it."""
    found: list[tuple[Any, Any]] = []
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for name, value in items:
        found.append((document, name))
        if isinstance(value, (dict, list)):
            found += _places(value)
    return found


def _other(chance: random.Random, known: Known, value: Any) -> Any:
    if isinstance(value, str) and value.startswith("sha256:"):
        return _any_artifact(chance, known)
    if isinstance(value, str) and value[:2] == "20" and "T" in value:
        return chance.choice(["2036-01-01T00:00:00+00:00", "2000-01-01T00:00:00+00:00"])
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, (int, float)):
        return value + chance.choice([-1, 1, 1000])
    return chance.choice(["production", "sandbox", "passed", "", None, []])


ATTACKS: tuple[Attack, ...] = (
    flip,
    cut,
    endless,
    remove,
    remove_all,
    replay,
    move,
    swap_models,
    set_back,
    rechained,
    replanted,
    loosened,
    vouched,
    vouched,
    trained,
    evidence,
    evidence,
    re_attached,
    re_pointed,
    re_pointed,
)
