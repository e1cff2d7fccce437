"""Every byte of every small stored file, changed, lost, doubled, cut off: refused as damaged, and never taken for less
than what was written. `make soak` tries every seventh byte, `STRIDE=1 make soak` every one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.journal import Entry, JournalRegister, ReleasePointer, StoreMark
from reconciler.core.artifact.oci_artifact import EVALUATION_FILE, RECIPE_FILE, SCHEMA_FILE, Schema
from reconciler.core.artifact.prediction_log import PredictionLog
from reconciler.core.controls.controls import ControlsEntry
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.plan.plan import Plan
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.recipe import BuiltRecipe
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.find_environment import environment_of
from reconciler.engine.inspect import audit
from reconciler.engine.plan import make_plan
from reconciler.engine.storage import blobs, oci_manifest
from reconciler.errors import IntegrityError, ReconcilerError
from tests.inputs.corruption import STRIDE, damaged
from tests.simulation.sample_project import MODEL
from tests.simulation.scenario import Scenario

RECORDS = {
    "builds": Build,
    "controls": ControlsEntry,
    "journal": Entry,
    "predictions": PredictionLog,
    "recipes": Build,
    "register": JournalRegister,
    "snapshots": Snapshot,
    "store.json": StoreMark,
    "verifications": Verification,
}
COARSE = 41 * STRIDE  # for what is tried through whole plans and audits


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """A project in which two models were deployed one after the other, and predicted with."""
    made = Scenario(tmp_path_factory.mktemp("sample"))
    made.deployed(seed=10, compares=True)
    made.deployed(seed=11, compares=True)
    log = PredictionLog(
        environment="production",
        model=MODEL,
        artifact=made.candidate,
        as_of="2026-01-01",
        when=made.project.clock(),
        who="somebody",
        rows=blobs.put(made.project.stores["production"], b"id,y\n"),
        count=0,
    )
    made.project.stores["production"].create(
        store_layout.member(store_layout.predictions("production", MODEL), 0), codec.encode(log)
    )
    return made


def records(scenario: Scenario) -> Iterator[tuple[str, str, bytes]]:
    for environment, store in scenario.project.stores.items():
        for key, body in sorted(store.objects.items()):
            if not key.startswith("blobs/"):
                yield environment, key, body


def small_blobs(scenario: Scenario) -> Iterator[tuple[str, str, bytes]]:
    """Manifests, evaluations, recipes, schemas, probes, provenance: the blobs that are documents."""
    for environment, store in scenario.project.stores.items():
        for key, body in sorted(store.objects.items()):
            if key.startswith("blobs/") and body.startswith(b"{"):
                yield environment, key, body


def refused(read: Callable[[], object], what: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        print(f"{what}: taken for {read()}")
    assert caught.value.code in ("E508", "E604", "E501"), (what, caught.value)
    assert caught.value.hint, what


def test_every_kind_of_record_is_there(scenario: Scenario) -> None:
    assert {key.partition("/")[0] for _, key, _ in records(scenario)} == set(RECORDS)


@pytest.mark.soak
def test_no_damaged_record_is_read(scenario: Scenario) -> None:
    cases = 0
    for _, key, body in records(scenario):
        kind = RECORDS[key.partition("/")[0]]
        assert codec.encode(codec.decode(kind, body, what=key)) == body
        for what, left in damaged(body):
            refused(lambda kind=kind, left=left, key=key: codec.decode(kind, left, what=key), f"{key} {what}")
            cases += 1
    print(f"{cases} damaged records")
    assert cases > 200


def test_no_damaged_mark_or_pointer_of_a_target_is_read(scenario: Scenario) -> None:
    current = scenario.project.target.current[MODEL]
    cases = 0
    for value in (current, StoreMark(project="sample", environment="production")):
        for what, left in damaged(codec.encode(value), stride=1):
            refused(lambda value=value, left=left: codec.decode(type(value), left, what="it"), what)
            cases += 1
    print(f"{cases} damaged marks and pointers")
    assert isinstance(current, ReleasePointer)


@pytest.mark.soak
def test_no_damaged_blob_is_used(scenario: Scenario) -> None:
    cases = 0
    for environment, key, body in small_blobs(scenario):
        store, digest = scenario.project.stores[environment], Digest("sha256:" + key.rpartition("/")[2])
        for what, left in damaged(body):
            store.objects[key] = left
            try:
                refused(lambda store=store, digest=digest: blobs.get(store, digest), f"{key} {what}")
            finally:
                store.objects[key] = body
            cases += 1
    print(f"{cases} damaged blobs")
    assert cases > 200


DOCUMENTS = {EVALUATION_FILE: Evaluation, RECIPE_FILE: BuiltRecipe, SCHEMA_FILE: Schema}


@pytest.mark.soak
def test_a_document_under_its_right_digest_that_is_none_is_a_typed_error(scenario: Scenario) -> None:
    """What somebody has made up and hashed anew: it may mean something else, but never crashes what reads it."""
    store = scenario.project.stores["sandbox"]
    one = blobs.artifact(store, scenario.candidate)
    provenance = next(body for _, _, body in small_blobs(scenario) if b'"builder"' in body)
    bodies = {name: (blobs.document(store, one, name), kind) for name, kind in DOCUMENTS.items()}
    bodies |= {"provenance": (provenance, Provenance)}
    cases = 0
    for name, (body, kind) in bodies.items():
        for what, left in damaged(body):
            cases += 1
            try:
                found = codec.decode(kind, left, what=name)
            except IntegrityError:
                continue
            assert codec.encode(found) == left, what
    manifest = store.objects[store_layout.blob(scenario.candidate)]
    for _, left in damaged(manifest):
        cases += 1
        try:
            oci_manifest.parse(left)
        except IntegrityError:
            continue
    print(f"{cases} damaged documents under their digest")


def look(scenario: Scenario) -> tuple[list[Plan | ReconcilerError], bool]:
    """The plans of both environments, and whether an audit finds anything."""
    deps = scenario.project.deps()
    plans: list[Plan | ReconcilerError] = []
    for environment in ("sandbox", "production"):
        try:
            plans.append(make_plan.make_plan(deps, scenario.desired, environment_of(scenario.desired, environment)))
        except ReconcilerError as error:
            plans.append(error)
    return plans, bool(audit.audit(deps, scenario.desired, ()).findings)


@pytest.mark.soak
def test_a_plan_says_what_it_said_or_stops_and_an_audit_finds_it(scenario: Scenario) -> None:
    before, found = look(scenario)
    assert not found
    cases = 0
    for environment, key, body in (*records(scenario), *small_blobs(scenario)):
        store = scenario.project.stores[environment]
        for what, left in damaged(body, stride=COARSE):
            store.objects[key] = left
            try:
                plans, found = look(scenario)
            finally:
                store.objects[key] = body
            cases += 1
            assert found, f"{key} {what}: no audit finds it"
            for old, new in zip(before, plans, strict=True):
                stopped = isinstance(new, IntegrityError) or (
                    isinstance(new, Plan) and all(part.status is ResultStatus.DAMAGED for part in new.models)
                )
                assert new == old or stopped, f"{environment} {key} {what}: {new}"
    print(f"{cases} plans and audits of damaged stores")


def test_a_lost_file_is_found_by_an_audit_and_never_means_that_nothing_is_deployed(scenario: Scenario) -> None:
    """But for the newest record of a sandbox: nobody else knows of it, and the next apply does that work again."""
    before, _ = look(scenario)
    newest = store_layout.member(store_layout.journal("sandbox", MODEL), 3)
    for environment, store in scenario.project.stores.items():
        for key in sorted(store.objects):
            body = store.objects.pop(key)
            try:
                (sandbox, production), found = look(scenario)
            finally:
                store.objects[key] = body
            spare = key.startswith("register/")  # the next apply writes it again
            predicted = store_layout.member(store_layout.predictions("production", MODEL), 0)
            controls = store_layout.member(store_layout.controls("production"), 1)  # its newest: an anchor tells
            assert found or spare or key in (newest, predicted, controls), key
            if environment == "sandbox":
                assert production == before[1] or isinstance(production, Plan), key
            else:
                stopped = isinstance(production, IntegrityError) or production.models[0].status is ResultStatus.DAMAGED
                assert production == before[1] or stopped, key
            assert isinstance(sandbox, (Plan, IntegrityError)), key


def test_a_record_under_the_name_of_another_is_refused(scenario: Scenario) -> None:
    for environment, key, body in records(scenario):
        store = scenario.project.stores[environment]
        for other_environment, other_key, other in records(scenario):
            kind = key.partition("/")[0]
            if other_key.partition("/")[0] != kind or other == body or kind in ("recipes", "register"):
                continue
            store.objects[key] = other
            try:
                _, found = look(scenario)
            finally:
                store.objects[key] = body
            assert found, f"{other_environment} {other_key} as {environment} {key}"


def test_a_seal_stands_at_the_end_of_canonical_json() -> None:
    body = codec.encode(StoreMark(project="a", environment="b"))
    document = json.loads(body)
    assert codec.canonical(document) == body
    assert list(document)[-1] == "~sha256"
    seal = document.pop("~sha256")
    assert digest_of_bytes(codec.canonical(document)) == f"sha256:{seal}"
