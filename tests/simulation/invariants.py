"""Check the invariants of the loop: an oracle that sees every write and records every violation.

I1 a journal entry's artifact is whole in the same store when the entry appears      I2 no gap, no fork, the chain holds
I3 production's commits never go back on the line       I4 a deployed artifact was verified, or deployed before
I5 production serves the bytes that were trained, and only a sandbox trains       I6 nothing under a key ever changes
I7 one clean pass converges and a second writes nothing (`simulation`)       I9 failures are typed (`simulation`)
I10 no rejected artifact, and nothing of a held model, is deployed     I11 nothing new is deployed during a freeze
I12 a pin is not redeployed after `rollback --now`     I13 a deploy has the approvals that were really given
I14 a restore is recorded at most once for each change by hand of what is served
I8 (no secret in any output) is held by the canary tests of data and reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.journal import Action, Entry, ReleasePointer, RollbackHold, State
from reconciler.core.artifact.oci_artifact import EVALUATION_FILE
from reconciler.core.digest import Digest, digest_of_bytes, hex_of
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.gates import Verification
from reconciler.engine.storage import oci_manifest
from reconciler.errors import IntegrityError
from reconciler.schedule import freeze_windows
from reconciler.testing.memory import MemoryStore, MemoryTarget, differing_files
from reconciler.testing.memory_git import MemorySource
from tests.simulation.sample_project import LEAST, MODEL, TOLERANCE, SampleProject


class Oracle:
    """Sees every write of the stores (`created`) and of the target (`placed`), and records `violations`."""

    def __init__(self, source: MemorySource, *, trained: list[str]) -> None:
        self.source = source
        self.trained = trained
        self.stores: Mapping[str, MemoryStore] = {}
        self.target: MemoryTarget | None = None
        self.violations: list[str] = []
        self.commits: list[DesiredState] = []
        self.given: set[tuple[int, str]] = set()
        """(request, approver) of every approval; controls are checked where commits and approvals are known."""
        self._seen: dict[tuple[str, str], bytes] = {}
        self._served: dict[str, int] = {}
        self._tampered: set[str] = set()
        self.sees_hands = False
        """Whether `by_hand` notes every change; where a test changes the target itself, I14 is not asked."""
        self._commits: dict[tuple[str, str], int] = {}

    def created(self, environment: str, key: str, body: bytes) -> None:
        first_body = self._seen.setdefault((environment, key), body)
        if first_body != body:
            self._violated("I6", f"{environment}: {key} was rewritten")
        if key.startswith("journal/"):
            self._entry(environment, key, body)
        if environment != "sandbox" and key.startswith(("builds/", "recipes/", "snapshots/")):
            self._violated("I5", f"{environment} holds {key}: only a sandbox builds")

    def by_hand(self, kind: str, model: str) -> None:
        """Note that somebody changed the target: "wipe" forgets the entry that it served last, "tamper" is an event
        that one restore may be journaled for."""
        if kind == "wipe":
            self._served.pop(model, None)
        else:
            self._tampered.add(model)

    def lost(self, environment: str, key: str) -> None:
        """Forget a record that somebody removed from a store."""
        self._seen.pop((environment, key), None)

    def placed(self, current: ReleasePointer) -> None:
        last = self._served.get(current.model, -1)
        if current.n < last:
            self._violated("I2", f"the target of {current.model} went back from entry {last} to {current.n}")
        self._served[current.model] = max(last, current.n)
        key = store_layout.member(store_layout.journal(current.environment, current.model), current.n)
        body = self._seen.get((current.environment, key), b"")
        if digest_of_bytes(body) != current.entry:
            self._violated("I2", f"the target of {current.model} names an entry {current.n} that was never committed")
        if current.artifact is None or self.target is None:
            return
        release = self.target.releases.get(current.model, {}).get(current.artifact.removeprefix("sha256:"), {})
        if differing_files(release, current.artifact):
            self._violated("I1", f"entry {current.n} of {current.model} serves a release that is not whole")
            return
        score = codec.decode(Evaluation, release[EVALUATION_FILE], what=EVALUATION_FILE).metric("f1_macro")
        if score is None or score < LEAST:
            self._violated("I4", f"entry {current.n} of {current.model} serves a model that scores {score}")
        model = next(
            file.digest
            for file in oci_manifest.parse(release[oci_manifest.MANIFEST_FILE]).files
            if file.path == "model.skops"
        )
        if model not in self.trained:
            self._violated("I5", f"{current.model} serves bytes that no sandbox trained")

    def _entry(self, environment: str, key: str, body: bytes) -> None:
        entry = codec.decode(Entry, body, what=key)
        prefix = store_layout.journal(environment, entry.model)
        if store_layout.member(prefix, entry.n) != key:
            self._violated("I2", f"{key} holds entry {entry.n}")
        previous = self._seen.get((environment, store_layout.member(prefix, entry.n - 1))) if entry.n else None
        if entry.n and previous is None:
            self._violated("I2", f"{key} follows a gap")
        if (digest_of_bytes(previous) if previous else None) != entry.previous:
            self._violated("I2", f"{key} does not follow the entry before it")
        if entry.artifact is not None:
            self._whole(environment, key, entry.artifact)
        if environment == "production":
            self._order(key, entry)
            self._self_contained(key, entry)
            previous_state = codec.decode(Entry, previous, what=key).state if previous else None
            if entry.action is Action.DEPLOY:
                self._verified(key, entry, previous_state)
                self._controlled(key, entry, previous_state)
            elif entry.action is Action.RESTORE:
                self._restored(key, entry, previous_state)

    def _restored(self, key: str, entry: Entry, previous: State | None) -> None:
        if entry.state != previous:
            self._violated("I4", f"{key} restores what was not there")
        if self.sees_hands and entry.model not in self._tampered:
            self._violated("I14", f"{key} records a restore, and nobody changed what is served")
        self._tampered.discard(entry.model)

    def _whole(self, environment: str, key: str, artifact: Digest) -> None:
        objects = self.stores[environment].objects
        manifest = _handed_out(objects, artifact)
        if manifest is None or digest_of_bytes(manifest) != artifact:
            self._violated("I1", f"{key} names an artifact that is not in its store")
            return
        try:
            package = oci_manifest.parse(manifest)
        except IntegrityError:
            self._violated("I1", f"{key} names something that is no artifact")
            return
        for file in (package.config, *package.files):
            if digest_of_bytes(_handed_out(objects, file.digest) or b"") != file.digest:
                self._violated("I1", f"{key} names an artifact without its {file.path}")

    def _order(self, key: str, entry: Entry) -> None:
        place = self.source.line.index(entry.commit) if entry.commit in self.source.line else -1
        last = self._commits.get((entry.environment, entry.model), -1)
        if place < last:
            self._violated("I3", f"{key} goes back from commit {self.source.line[last]} to {entry.commit}")
        self._commits[(entry.environment, entry.model)] = max(place, last)

    def _self_contained(self, key: str, entry: Entry) -> None:
        """Check that production's own store holds the provenance and the verification of the entry."""
        objects = self.stores["production"].objects
        build, artifact, verification = entry.state.build, entry.artifact, entry.verification
        if build is not None and _handed_out(objects, build.provenance) is None:
            self._violated("I1", f"{key} names a provenance that is not in its store")
        if verification and artifact and store_layout.verification(artifact, verification) not in objects:
            self._violated("I1", f"{key} names a verification that is not in its store")

    def _verified(self, key: str, entry: Entry, previous: State | None) -> None:
        """Check that the artifact was deployed before, or that the sandbox wrote a passing verification against the
        previous incumbent."""
        if previous is not None and entry.artifact in previous.vetted:
            return
        if entry.verification is None or entry.artifact is None:
            self._violated("I4", f"{key} deploys without a verification")
            return
        name = store_layout.verification(entry.artifact, entry.verification)
        record = self.stores["sandbox"].objects.get(name) or self._of_recorded_results(entry.artifact, name)
        if record is None:
            self._violated("I4", f"{key} deploys by a verification that nobody wrote")
            return
        verification = codec.decode(Verification, record, what=key)
        incumbent = last_deployed(self.stores["production"], key.rpartition("/")[0], before=entry.n)
        if (
            not verification.passed
            or verification.artifact != entry.artifact
            or verification.environment != "production"
        ):
            self._violated("I4", f"{key} deploys an artifact that failed, or by a verification of another one")
        elif verification.incumbent not in (None, incumbent):
            self._violated("I4", f"{key} deploys by a verification against another incumbent")

    def _of_recorded_results(self, artifact: Digest, name: str) -> bytes | None:
        """Return production's own verification where the sandbox recorded every result of it, under other gate sets."""
        body = self.stores["production"].objects.get(name)
        if body is None:
            return None
        sandbox = self.stores["sandbox"].objects
        recorded = [
            codec.decode(Verification, sandbox[key], what=key)
            for key in sandbox
            if key.startswith(f"{store_layout.verifications_of(artifact)}/")
        ]
        known = {(each.evaluation, each.incumbent, result) for each in recorded for result in each.results}
        plain = {(evaluation, result) for evaluation, _, result in known if result.comparison is None}
        joined = codec.decode(Verification, body, what=name)
        for result in joined.results:
            compared = (joined.evaluation, joined.incumbent, result)
            if compared not in known and (joined.evaluation, result) not in plain:
                return None
        return body

    def _controlled(self, key: str, entry: Entry, previous: State | None) -> None:
        says = next((state for state in self.commits if state.revision == entry.commit), None)
        where = says.environment("production") if says is not None else None
        if says is None or where is None:
            return
        policy = where.policy
        if policy.rejection_of(entry.artifact) is not None:
            self._violated("I10", f"{key} deploys a rejected artifact")
        if policy.hold_of(entry.model) is not None:
            self._violated("I10", f"{key} deploys though the model is held")
        if (previous is None or entry.artifact not in previous.vetted) and freeze_windows.closed(
            policy.freeze, entry.when
        ):
            self._violated("I11", f"{key} deploys a new artifact at {entry.when}, during a freeze")
        hold = previous.hold if previous is not None else None
        if hold is not None and hold.pin == entry.artifact and self._pinned_since(hold, entry):
            self._violated("I12", f"{key} redeploys the artifact that was rolled back")
        if policy.approvals is not None and not entry.reason.startswith("rollback from"):
            approvers = {approval.by for approval in entry.approved.approvals} if entry.approved is not None else set()
            counts = {name for name in approvers if entry.approved and (entry.approved.number, name) in self.given}
            if len(counts - {entry.approved.author if entry.approved else ""}) < policy.approvals.least:
                self._violated("I13", f"{key} deploys with the approvals of {sorted(approvers) or 'nobody'}")

    def _pinned_since(self, hold: RollbackHold, entry: Entry) -> bool:
        """Tell whether git pinned the artifact without a break from the rollback to this entry."""
        line = self.source.line
        if hold.commit not in line or entry.commit not in line:
            return True
        between = line[line.index(hold.commit) : line.index(entry.commit) + 1]
        models = [state.model("production", entry.model) for state in self.commits if state.revision in between]
        return all(model is not None and model.artifact == hold.pin for model in models)

    def _violated(self, invariant: str, problem: str) -> None:
        self.violations.append(f"{invariant} {problem}")


def _handed_out(objects: dict[str, bytes], digest: Digest) -> bytes | None:
    """Return the bytes of a blob, also of one that was taken out and not removed."""
    taken_out = (body for key, body in objects.items() if key.startswith("garbage/") and key.endswith(hex_of(digest)))
    return objects.get(store_layout.blob(digest)) or next(taken_out, None)


def expected(project: SampleProject, desired: DesiredState, *, compares: bool) -> Digest | EllipsisType | None:
    """Return the artifact that production must serve in the end, from the gates' numbers alone.

    `...` where it is not determined: a pin that is not today's candidate may have been verified against an earlier
    incumbent.
    """
    model = desired.model("production", MODEL)
    heads = {name: last(project.stores[name], name) for name in ("sandbox", "production")}
    if model is None:
        return None
    served, candidate = heads["production"], heads["sandbox"]
    production = desired.environment("production")
    if production is not None and production.policy.rejection_of(model.artifact) is not None:
        return served.artifact if served is not None else None
    if model.artifact is None or (served is not None and model.artifact in served.vetted):
        return model.artifact
    if candidate is None or candidate.artifact != model.artifact:
        return ...
    score = _score(project, model.artifact)
    passes = score >= LEAST
    incumbent = last_deployed(project.stores["production"], store_layout.journal("production", MODEL))
    if compares and incumbent is not None:
        passes = passes and score - _score(project, incumbent) >= -TOLERANCE
    return model.artifact if passes else (served.artifact if served else None)


def last_deployed(store: MemoryStore, prefix: str, *, before: int | None = None) -> Digest | None:
    """Return the artifact that was deployed before entry `before` (None: in the end), also where it is retired since:
    what a candidate is compared with."""
    count = sum(1 for key in store.objects if key.startswith(prefix + "/")) if before is None else before
    for n in reversed(range(count)):
        key = store_layout.member(prefix, n)
        artifact = codec.decode(Entry, store.objects[key], what=key).state.artifact
        if artifact is not None:
            return artifact
    return None


def last(store: MemoryStore, environment: str) -> State | None:
    """Return the newest state in a journal, or None where it is empty."""
    prefix = store_layout.journal(environment, MODEL)
    count = sum(1 for key in store.objects if key.startswith(prefix + "/"))
    key = store_layout.member(prefix, count - 1)
    return codec.decode(Entry, store.objects[key], what=key).state if count else None


def _score(project: SampleProject, artifact: Digest) -> float:
    objects = project.stores["sandbox"].objects
    file = oci_manifest.parse(objects[store_layout.blob(artifact)]).file(EVALUATION_FILE)
    return (
        codec.decode(Evaluation, objects[store_layout.blob(file.digest)], what=EVALUATION_FILE).metric("f1_macro")
        or 0.0
    )
