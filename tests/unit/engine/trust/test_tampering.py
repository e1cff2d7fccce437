"""Whoever can write the stores, and signs with no trusted key, gets nothing else served: refused, and told what for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Provenance
from reconciler.core.artifact.journal import Entry
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.size_limits import RECORD_BYTES
from reconciler.core.spec.gates import Verification
from reconciler.core.status_codes import ResultStatus
from reconciler.core.trust.attestation import STATEMENT_TYPE, Attestation
from reconciler.core.trust.keys import Trust
from reconciler.engine.controls.controls_log import ControlsLog
from reconciler.engine.find_environment import environment_of
from reconciler.engine.plan.make_plan import make_plan
from reconciler.engine.storage import blobs
from reconciler.engine.trust import envelopes, referrers, statements
from reconciler.engine.trust.entries import ENTRY_TYPE, entry_payload
from reconciler.engine.trust.envelopes import SignedDocument
from reconciler.errors import IntegrityError
from reconciler.ports import Store
from reconciler.testing.memory_keys import MemorySigner, key_of
from tests.simulation.sample_project import MODEL, PROJECT
from tests.unit.engine.trust.signed_scenario import PROMOTER, REQUIRED, TRAINER, SignedScenario, trusted

JOURNAL = f"journal/production/{MODEL}"


@pytest.fixture
def scenario(tmp_path: Path) -> SignedScenario:
    return SignedScenario(tmp_path)


def refused(scenario: SignedScenario, *facts: str, key: str | None = PROMOTER) -> None:
    """Nothing else is served, the exit code says damage, and the message what was found; at a plan as at an apply."""
    before = scenario.serves
    part = scenario.part("production")
    assert part.blocked is not None
    assert part.blocked.status is ResultStatus.DAMAGED, part.blocked
    for fact in facts:
        assert any(fact in reason for reason in part.blocked.reasons), part.blocked.reasons
    (result,) = scenario.apply_as("production", key).results
    assert result.status is ResultStatus.DAMAGED, result
    assert scenario.serves == before


def objects(scenario: SignedScenario, environment: str = "production") -> dict[str, bytes]:
    return scenario.project.stores[environment].objects


def signed_by(name: str, entry: Entry) -> Entry:
    return replace(entry, signatures=(MemorySigner(name).sign(ENTRY_TYPE, entry_payload(entry)),))


def last_entry(scenario: SignedScenario) -> Entry:
    head = scenario.head("production")
    assert head is not None
    return head.entry


def rewrite(scenario: SignedScenario, entry: Entry) -> None:
    objects(scenario)[f"{JOURNAL}/{entry.n}.json"] = codec.encode(entry)


# --- the list of the issue -------------------------------------------------------------------------------------------


def test_all_that_is_signed_is_deployed(scenario: SignedScenario) -> None:
    first = scenario.deployed(10)
    second = scenario.deployed(20)
    assert first != second
    assert scenario.part("production").steps == ()


def test_a_swapped_blob_is_refused(scenario: SignedScenario) -> None:
    scenario.deployed(10)
    pin = scenario.proposed(20)
    sandbox = objects(scenario, "sandbox")
    sandbox[store_layout.blob(pin)] = sandbox[store_layout.blob(Digest(str(last_entry(scenario).artifact)))]
    refused(scenario, "E501")


def test_a_journal_that_was_set_back_to_an_older_signed_head_is_refused(scenario: SignedScenario) -> None:
    scenario.deployed(10)
    scenario.deployed(20)
    del objects(scenario)[f"{JOURNAL}/1.json"]
    refused(scenario, "E603")


def test_controls_that_were_frozen_at_an_older_signed_entry_are_refused(scenario: SignedScenario) -> None:
    scenario.deployed(10)
    scenario.proposed(20)
    scenario.apply_as("production", PROMOTER)
    last = last_entry(scenario).controls
    assert last is not None
    del objects(scenario)[f"controls/production/{last}.json"]
    part = scenario.part("production")
    assert part.blocked is not None
    assert part.blocked.status is ResultStatus.DAMAGED
    assert "was cut off, or set back" in part.blocked.reasons[0]
    with pytest.raises(IntegrityError, match="was cut off, or set back"):
        scenario.apply_as("production", PROMOTER)


def test_a_mixed_set_of_old_and_new_signed_files_is_refused(scenario: SignedScenario) -> None:
    scenario.deployed(10)
    old = dict(objects(scenario))
    scenario.deployed(20)
    new = objects(scenario)
    for key, body in old.items():  # all logs as they were, beside the blobs and the target of today
        if not key.startswith("blobs/"):
            new[key] = body
    for key in [key for key in new if key not in old and not key.startswith("blobs/")]:
        del new[key]
    refused(scenario, "E603")


def test_an_endless_body_is_refused_before_it_is_read(scenario: SignedScenario) -> None:
    pin = scenario.proposed(10)
    key = f"{store_layout.referrers(pin)}/0.json"
    objects(scenario, "sandbox")[key] = b"x" * (RECORD_BYTES + 1)
    refused(scenario, "E612")


def test_an_edited_journal_entry_is_refused_though_its_checksum_is_right(scenario: SignedScenario) -> None:
    first = scenario.deployed(10)
    scenario.deployed(20)
    entry = last_entry(scenario)
    rewrite(scenario, replace(entry, artifact=first, state=replace(entry.state, artifact=first)))
    refused(scenario, "the signature by keys/promoter.pub", "is not one of these bytes")


def test_an_entry_whose_signature_was_taken_away_is_refused(scenario: SignedScenario) -> None:
    scenario.deployed(10)
    rewrite(scenario, replace(last_entry(scenario), signatures=None))
    refused(scenario, "entry 0 of the journal", "it is not signed")


def test_an_appended_entry_of_an_attacker_is_refused(scenario: SignedScenario) -> None:
    first = scenario.deployed(10)
    scenario.deployed(20)
    entry = last_entry(scenario)
    body = objects(scenario)[f"{JOURNAL}/{entry.n}.json"]
    forged = replace(
        entry,
        n=entry.n + 1,
        previous=digest_of_bytes(body),
        artifact=first,
        state=replace(entry.state, artifact=first),
    )
    rewrite(scenario, signed_by("attacker", forged))
    refused(scenario, "signed by no promoter key that is trusted here")


def forged_verification(scenario: SignedScenario) -> tuple[Digest, str, Verification]:
    """Pin an artifact, and rewrite the record of its gates with another reason: checksum and verdicts are right."""
    pin = scenario.proposed(20)
    sandbox = objects(scenario, "sandbox")
    (key,) = [key for key in sandbox if key.startswith(f"{store_layout.verifications_of(pin)}/")]
    recorded = codec.decode(Verification, sandbox[key], what=key)
    results = tuple(replace(result, reason="so good") for result in recorded.results)
    forged = replace(recorded, results=results)
    sandbox[key] = codec.encode(forged)
    return pin, key, forged


def test_a_forged_evaluation_is_refused(scenario: SignedScenario) -> None:
    forged_verification(scenario)
    refused(scenario, "the recorded verification", "is not the one that was signed")


def attested(scenario: SignedScenario, artifact: Digest, payload: bytes, *keys: str) -> None:
    """Put a statement beside an artifact in the sandbox's store, signed by these keys."""
    signatures = tuple(MemorySigner(name).sign(STATEMENT_TYPE, payload) for name in keys)
    document = SignedDocument(payload_type=STATEMENT_TYPE, payload=payload, signatures=signatures)
    kind = json.loads(payload)["predicateType"]
    store: Store = scenario.project.stores["sandbox"]
    referrers.add(store, Attestation(subject=artifact, predicate_type=kind, envelope=envelopes.encode(document)))


def test_a_forged_evaluation_that_an_attacker_signed_is_refused(scenario: SignedScenario) -> None:
    pin, _, forged = forged_verification(scenario)
    attested(scenario, pin, statements.gate_statement(forged, datetime(2026, 11, 1, tzinfo=UTC)), "attacker")
    refused(scenario, "is not the one that was signed")


def test_a_training_by_a_wrong_key_is_refused(scenario: SignedScenario) -> None:
    scenario.proposed(10, key="attacker")
    refused(scenario, "the training of artifact", "signed by no trainer key that is trusted here")


def test_an_unsigned_training_is_refused(scenario: SignedScenario) -> None:
    scenario.proposed(10, key=None)
    refused(scenario, "the training of artifact", "it is not signed")


def test_a_key_that_expired_signs_nothing_new(scenario: SignedScenario) -> None:
    scenario.trust(replace(REQUIRED, trainer=(trusted(TRAINER, until="2000-01-01"),)))
    scenario.proposed(10)
    refused(scenario, "keys/trainer.pub", "expired on 2000-01-01")


def test_a_key_is_not_trusted_before_its_first_day(scenario: SignedScenario) -> None:
    scenario.trust(replace(REQUIRED, trainer=(trusted(TRAINER, since="2999-01-01"),)))
    scenario.proposed(10)
    refused(scenario, "is trusted from 2999-01-01 on")


def test_a_promoters_key_vouches_for_no_training(scenario: SignedScenario) -> None:
    scenario.proposed(10, key=PROMOTER)
    refused(scenario, "is a promoter key, and signs nothing as trainer")


def test_a_trainers_key_writes_no_entry(scenario: SignedScenario) -> None:
    scenario.deployed(10)
    rewrite(scenario, signed_by(TRAINER, last_entry(scenario)))
    refused(scenario, "is a trainer key, and signs nothing as promoter")


def test_nothing_counts_that_a_revoked_key_signed_also_of_what_serves(scenario: SignedScenario) -> None:
    pin = scenario.deployed(10)
    scenario.trust(replace(REQUIRED, trainer=(trusted(TRAINER, revoked="2026-11-29", reason="stolen laptop"),)))
    scenario.commit(pin=pin)
    refused(scenario, "was revoked on 2026-11-29: stolen laptop")


def test_an_attestation_of_another_artifact_is_none_of_this(scenario: SignedScenario) -> None:
    scenario.deployed(10)
    pin = scenario.proposed(20, key=None)
    other = last_entry(scenario).artifact
    assert other is not None
    for attestation in referrers.of_artifact(scenario.project.stores["production"], other):
        referrers.add(scenario.project.stores["sandbox"], replace(attestation, subject=pin))
    refused(scenario, f"a signed statement beside artifact {pin[7:19]} is of another, {other[7:19]}")


def test_one_key_twice_is_one_key(scenario: SignedScenario) -> None:
    two = (trusted(TRAINER), trusted("second"))
    scenario.trust(replace(REQUIRED, trainer=two, threshold=(("trainer", 2),)))
    pin = scenario.proposed(10)
    store = scenario.project.stores["sandbox"]
    for attestation in referrers.of_artifact(store, pin):
        document = envelopes.parse(attestation.envelope)
        payload = document.payload.replace(b'"builder/', b'"builder/')
        attested(scenario, pin, json.dumps(json.loads(payload)).encode(), TRAINER)
    refused(scenario, "2 different trainer keys must sign it, and 1 did")
    twice = json.loads(referrers.of_artifact(store, pin)[0].envelope)
    twice["signatures"] *= 2
    with pytest.raises(Exception, match="each by another key"):
        envelopes.parse(json.dumps(twice).encode())


def test_two_trainers_meet_a_threshold_of_two(scenario: SignedScenario) -> None:
    two = (trusted(TRAINER), trusted("second"))
    scenario.trust(replace(REQUIRED, trainer=two, threshold=(("trainer", 2),)))
    pin = scenario.proposed(10)
    for attestation in referrers.of_artifact(scenario.project.stores["sandbox"], pin):
        attested(scenario, pin, envelopes.parse(attestation.envelope).payload, "second")
    scenario.apply_as("production", PROMOTER)
    assert scenario.serves == pin


def trained_by(key: str, scenario: SignedScenario, pin: Digest, **says: Digest) -> None:
    """Sign another training of an artifact, as `reproduce` does; `says`: what its record says otherwise."""
    head = scenario.head("sandbox")
    assert head is not None
    assert head.state.build is not None
    record = blobs.record(scenario.project.stores["sandbox"], head.state.build.provenance, Provenance)
    later = replace(record, finished=record.finished + timedelta(hours=1), **says)
    digest = digest_of_bytes(codec.encode(later))
    attested(scenario, pin, statements.provenance_statement(later, digest, key_of(key).id), key)


def test_what_fewer_trainers_made_than_must_agree_is_not_deployed(scenario: SignedScenario) -> None:
    two = (trusted(TRAINER), trusted("second"))
    scenario.trust(replace(REQUIRED, trainer=two, reproduced=2))
    pin = scenario.proposed(10)
    store = scenario.project.stores["sandbox"]
    for attestation in referrers.of_artifact(store, pin):  # the second vouches for the first's training
        attested(scenario, pin, envelopes.parse(attestation.envelope).payload, "second")
    trained_by(TRAINER, scenario, pin)  # one trainer twice
    trained_by("second", scenario, pin, fingerprint=Digest(f"sha256:{'5' * 64}"))  # of other inputs
    trained_by("attacker", scenario, pin)
    part = scenario.part("production")
    assert part.blocked is not None
    assert part.blocked.status is ResultStatus.DENIED
    assert "reproduced: the signed trainings of 1 independent trainer agree on it; 2 must" in part.blocked.reasons
    scenario.apply_as("production", PROMOTER)
    assert scenario.serves is None
    trained_by("second", scenario, pin)
    assert "reproduced: the signed trainings of 2 independent trainers agree on it; 2 must" in (
        scenario.part("production").detail.notes
    )
    scenario.apply_as("production", PROMOTER)
    assert scenario.serves == pin


def test_a_request_that_asks_for_fewer_trainers_is_judged_by_those_in_force(scenario: SignedScenario) -> None:
    two = replace(REQUIRED, trainer=(trusted(TRAINER), trusted("second")), reproduced=2)
    scenario.trust(two)
    scenario.commit(seed=10)
    scenario.apply_as("sandbox", TRAINER)
    scenario.apply_as("production", PROMOTER)
    scenario.trust(replace(two, reproduced=1))
    scenario.proposed(20)
    scenario.apply_as("production", PROMOTER)
    assert scenario.serves is None
    blocked = scenario.part("production").blocked
    assert blocked is not None
    assert blocked.reasons[0].startswith("reproduced:")


# --- what is in force ------------------------------------------------------------------------------------------------


def test_a_request_that_trusts_a_key_of_its_own_is_judged_by_the_keys_in_force(scenario: SignedScenario) -> None:
    first = scenario.deployed(10)
    scenario.trust(replace(REQUIRED, trainer=(trusted(TRAINER), trusted("attacker"))))
    scenario.proposed(20, key="attacker")
    refused(scenario, "signed by no trainer key that is trusted here")
    assert scenario.serves == first


@pytest.mark.parametrize(
    "loose",
    [
        replace(REQUIRED, required=False),
        Trust(),
        replace(REQUIRED, required=False, trainer=(), promoter=()),
    ],
)
def test_a_request_that_asks_for_no_signatures_is_judged_by_those_in_force(
    scenario: SignedScenario, loose: Trust
) -> None:
    first = scenario.deployed(10)
    scenario.trust(loose)
    scenario.proposed(20, key=None)
    refused(scenario, "it is not signed")
    assert scenario.serves == first


def test_a_threshold_that_a_request_lowers_holds_for_its_own_pin(scenario: SignedScenario) -> None:
    two = replace(REQUIRED, trainer=(trusted(TRAINER), trusted("second")), threshold=(("trainer", 2),))
    scenario.trust(two)
    scenario.commit(seed=10)
    scenario.apply_as("sandbox", TRAINER)
    scenario.apply_as("production", PROMOTER)
    scenario.trust(replace(two, threshold=()))
    scenario.proposed(20)
    refused(scenario, "2 different trainer keys must sign it, and 1 did")


def test_a_promoters_new_key_comes_in_by_an_entry_of_the_old_one(scenario: SignedScenario) -> None:
    pin = scenario.deployed(10)
    scenario.trust(replace(REQUIRED, promoter=(trusted(PROMOTER), trusted("next"))))
    scenario.commit(pin=pin)
    with pytest.raises(Exception, match="takes no entry that this run could write"):
        scenario.apply_as("production", "next")
    scenario.apply_as("production", PROMOTER)
    second = scenario.proposed(20)
    scenario.apply_as("production", "next")
    assert scenario.serves == second


@pytest.mark.parametrize("key", [None, TRAINER, "attacker"])
def test_an_apply_without_a_promoters_key_writes_nothing(scenario: SignedScenario, key: str | None) -> None:
    scenario.proposed(10)
    with pytest.raises(Exception, match="E520 production takes no entry"):
        scenario.apply_as("production", key)
    assert scenario.serves is None
    assert not [name for name in objects(scenario) if name.startswith(("journal/", "controls/"))]


def test_a_rollback_needs_a_promoters_key_and_a_training_that_still_counts(scenario: SignedScenario) -> None:
    first = scenario.deployed(10)
    second = scenario.deployed(20)
    with pytest.raises(Exception, match="takes no entry"):
        scenario.rollback_now()
    with scenario.signed(PROMOTER):
        scenario.rollback_now()
    assert (scenario.serves, second != first) == (first, True)


def test_without_trust_nothing_is_checked_and_signatures_are_kept(scenario: SignedScenario) -> None:
    scenario.trust(Trust())
    pin = scenario.deployed(10)
    assert scenario.verifier.asked == 0
    assert len(referrers.of_artifact(scenario.project.stores["production"], pin)) == 2
    assert last_entry(scenario).signatures is not None


def test_what_is_unsigned_is_told_where_signatures_are_not_required(scenario: SignedScenario) -> None:
    scenario.trust(replace(REQUIRED, required=False))
    pin = scenario.proposed(10, key=None)
    notes = scenario.part("production").detail.notes
    assert [note for note in notes if "it is not signed" in note]
    scenario.apply_as("production", None)
    assert scenario.serves == pin


def test_no_change_is_planned_without_a_look_at_any_attestation(scenario: SignedScenario) -> None:
    scenario.deployed(10)
    reads: list[str] = []
    store = scenario.project.stores["production"]
    read = store.read
    store.read = lambda key: reads.append(key) or read(key)  # type: ignore[method-assign,func-returns-value]
    assert scenario.part("production").steps == ()
    assert not [key for key in reads if key.startswith(store_layout.REFERRERS)]


@pytest.mark.parametrize("environment", ["production", "sandbox"])
@pytest.mark.parametrize("trust", [Trust(), REQUIRED], ids=["no-keys", "keys"])
def test_who_is_trusted_is_read_before_any_model_since_it_concerns_them_all(
    scenario: SignedScenario, environment: str, trust: Trust
) -> None:
    """Else a memory of plans would keep it with the model that happened to be the first."""
    scenario.trust(trust)
    scenario.deployed(10)
    scenario.deployed(20)
    subjects, reads = [""], set[tuple[str, str]]()
    store = scenario.project.stores["production"]
    read = store.read
    store.read = lambda key: reads.add((subjects[-1], key)) or read(key)  # type: ignore[method-assign,func-returns-value]
    wanted = scenario.desired
    make_plan(scenario.deps(), wanted, environment_of(wanted, environment), about=subjects.append)
    of_models = {key for subject, key in reads if subject}
    assert f"{JOURNAL}/1.json" in of_models
    controls = ControlsLog(store=store, project=PROJECT, environment="production")
    in_force = {store_layout.blob(digest) for head in controls.entries() for digest in head.entry.in_force}
    assert len([key for _, key in reads if key.startswith("controls/")]) >= 2
    assert not [key for key in of_models if key.startswith("controls/") or key in in_force]
