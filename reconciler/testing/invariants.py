"""The invariants of the loop, as one oracle that is told of every write and answers with what is violated.

I1 a journal entry's artifact is whole in the same store when the entry appears      I2 no gap, no fork, the chain holds
I3 production's commits never go back on the line       I4 what is deployed was verified for it, or vetted before
I5 production serves the bytes that were trained, and only a sandbox trains       I6 nothing under a key ever changes
I7 one clean pass converges and a second writes nothing (`simulation`)       I9 failures are typed (`simulation`)
I8 (no secret in any output) is held by the canary tests of data and reports.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler import codec
from reconciler.core import keys
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.gate import Verification
from reconciler.core.record import Action, Current, Entry
from reconciler.engine import package
from reconciler.errors import IntegrityError
from reconciler.testing.memory import MemorySource, MemoryStore, MemoryTarget, differing_files


class Oracle:
    """Give it the stores and the target, and its `created` and `placed` to both. `violations` is what it found."""

    def __init__(self, source: MemorySource, *, trained: list[str]) -> None:
        self.source = source
        self.trained = trained
        self.stores: Mapping[str, MemoryStore] = {}
        self.target: MemoryTarget | None = None
        self.violations: list[str] = []
        self._seen: dict[tuple[str, str], bytes] = {}
        self._served: dict[str, int] = {}
        self._commits: dict[tuple[str, str], int] = {}

    def created(self, environment: str, key: str, body: bytes) -> None:
        before = self._seen.setdefault((environment, key), body)
        if before != body:
            self._violated("I6", f"{environment}: {key} was rewritten")
        if key.startswith("journal/"):
            self._entry(environment, key, body)
        if environment != "sandbox" and key.startswith(("builds/", "recipes/", "snapshots/")):
            self._violated("I5", f"{environment} holds {key}: only a sandbox builds")

    def placed(self, current: Current) -> None:
        last = self._served.get(current.model, -1)
        if current.n < last:
            self._violated("I2", f"the target of {current.model} went back from entry {last} to {current.n}")
        self._served[current.model] = max(last, current.n)
        if current.artifact is None or self.target is None:
            return
        release = self.target.releases.get(current.model, {}).get(current.artifact.removeprefix("sha256:"), {})
        if differing_files(release, current.artifact):
            self._violated("I1", f"entry {current.n} of {current.model} serves a release that is not whole")
            return
        model = next(f.digest for f in package.parse(release[package.MANIFEST_FILE]).files if f.path == "model.skops")
        if model not in self.trained:
            self._violated("I5", f"{current.model} serves bytes that no sandbox trained")

    def _entry(self, environment: str, key: str, body: bytes) -> None:
        entry = codec.decode(Entry, body, what=key)
        prefix = keys.journal(environment, entry.model)
        if keys.member(prefix, entry.n) != key:
            self._violated("I2", f"{key} holds entry {entry.n}")
        previous = self.stores[environment].objects.get(keys.member(prefix, entry.n - 1)) if entry.n else None
        if entry.n and previous is None:
            self._violated("I2", f"{key} follows a gap")
        if (digest_of_bytes(previous) if previous else None) != entry.previous:
            self._violated("I2", f"{key} does not follow the entry before it")
        if entry.artifact is not None:
            self._whole(environment, key, entry.artifact)
        if environment == "production":
            self._order(key, entry)
            if entry.action is Action.DEPLOY:
                self._verified(key, entry)

    def _whole(self, environment: str, key: str, artifact: Digest) -> None:
        objects = self.stores[environment].objects
        manifest = objects.get(keys.blob(artifact))
        if manifest is None or digest_of_bytes(manifest) != artifact:
            self._violated("I1", f"{key} names an artifact that is not in its store")
            return
        try:
            one = package.parse(manifest)
        except IntegrityError:
            self._violated("I1", f"{key} names something that is no artifact")
            return
        for file in (one.config, *one.files):
            if digest_of_bytes(objects.get(keys.blob(file.digest), b"")) != file.digest:
                self._violated("I1", f"{key} names an artifact without its {file.path}")

    def _order(self, key: str, entry: Entry) -> None:
        place = self.source.line.index(entry.commit) if entry.commit in self.source.line else -1
        last = self._commits.get((entry.environment, entry.model), -1)
        if place < last:
            self._violated("I3", f"{key} goes back from commit {self.source.line[last]} to {entry.commit}")
        self._commits[(entry.environment, entry.model)] = max(place, last)

    def _verified(self, key: str, entry: Entry) -> None:
        """Vetted before, or a passing verification that the sandbox really wrote, bound to the incumbent before it."""
        prefix = keys.journal(entry.environment, entry.model)
        body = self.stores["production"].objects.get(keys.member(prefix, entry.n - 1)) if entry.n else None
        before = codec.decode(Entry, body, what=key).state if body else None
        if before is not None and entry.artifact in before.vetted:
            return
        if entry.verification is None or entry.artifact is None:
            self._violated("I4", f"{key} deploys without a verification")
            return
        record = self.stores["sandbox"].objects.get(keys.verification(entry.artifact, entry.verification))
        if record is None:
            self._violated("I4", f"{key} deploys by a verification that nobody wrote")
            return
        found = codec.decode(Verification, record, what=key)
        incumbent = before.artifact if before else None
        if not found.passed or found.artifact != entry.artifact or found.environment != "production":
            self._violated("I4", f"{key} deploys what was refused, or judged as something else")
        elif found.incumbent not in (None, incumbent):
            self._violated("I4", f"{key} deploys by a verification against another incumbent")

    def _violated(self, invariant: str, what: str) -> None:
        self.violations.append(f"{invariant} {what}")
