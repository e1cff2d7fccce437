"""Find the blobs and records that journals name, where a store lost them. Reads only.

Every blob is believed by its digest alone, and a record where it is what its key says. What was erased stays away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.journal import Entry
from reconciler.core.controls.controls import ControlsEntry
from reconciler.core.digest import Digest, digest_of_file
from reconciler.core.spec.environment import Environment
from reconciler.core.trust.attestation import EMPTY_CONFIG, Referrer
from reconciler.core.upkeep.repair import RepairProblem
from reconciler.engine.inspect.stored_object import ObjectCheck
from reconciler.engine.storage import blobs, numbered_log, oci_manifest
from reconciler.engine.trust import referrers
from reconciler.engine.upkeep.repair_sources import RepairSource, StoreSource
from reconciler.errors import IntegrityError, ReconcilerError
from reconciler.ports import BlobRemoval, Store

_LOGS = ("journal", "controls", store_layout.REGISTER, store_layout.LOSSES, store_layout.SWEEPS, store_layout.GARBAGE)
"""What is put together log by log, and what is of one store alone."""
_SHARED = ("checks", "verifications", store_layout.EVALUATIONS, store_layout.REFERRERS)
"""What says the same in every store of a project."""


@dataclass(slots=True, kw_only=True)
class FoundObjects:
    """What is absent from a store, and where it is: `records` (bytes by key, in the order in which they are written)
    and `files` (blobs by digest); `gone`: keys that nobody has. `damaged`: blobs that are there with other bytes.
    `snapshot`: the highest number of a snapshot that trainings name; -1 for none."""

    records: dict[str, bytes] = field(default_factory=dict)
    files: dict[Digest, Path] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    damaged: set[Digest] = field(default_factory=set)
    problems: list[RepairProblem] = field(default_factory=list)
    snapshot: int = -1

    @property
    def count(self) -> int:
        return len(self.records) + len(self.files)


class ObjectSearch:
    """Searches the sources for what `own` lacks. `erased`: artifacts that were erased; their files stay away."""

    def __init__(
        self,
        own: Store,
        sources: Sequence[RepairSource],
        *,
        project: str,
        environment: Environment,
        erased: frozenset[Digest],
    ) -> None:
        self.found = FoundObjects()
        self._own, self._sources, self._project, self._erased = own, sources, project, erased
        self._environment, self._trains = environment.name, environment.trains
        self._known: set[str] = set()
        self._kept_away: set[Digest] | None = None

    def entry(self, entry: Entry) -> None:
        """Look for all that an entry of a journal names."""
        state = entry.state
        if entry.verification is not None and entry.artifact is not None:
            self._record(store_layout.verification(entry.artifact, entry.verification), needed=True)
        if state.build is not None:
            self.build(state.build)
        if state.artifact is not None:
            self.artifact(state.artifact)

    def controls(self, entry: ControlsEntry) -> None:
        """Look for the parts of an entry of the controls."""
        for digest in (entry.declared, *entry.in_force, *(digest for _, digest in entry.parts)):
            self._blob(digest)

    def build(self, build: Build, *, journaled: bool = True) -> None:
        """Look for the record of a training, and for what was found in its rows. `journaled`: a journal of the store
        names it, so that its records are missed."""
        if not self._new(f"build {build.fingerprint}"):
            return
        self._blob(build.provenance)
        with suppress(ReconcilerError, OSError):
            path = self.found.files.get(build.provenance) or blobs.file_of(self._own, build.provenance)
            origin = codec.decode(Provenance, path.read_bytes(), what="provenance")
            self.found.snapshot = max(self.found.snapshot, origin.snapshot)
            if self._trains and journaled:
                self._record(store_layout.member(store_layout.SNAPSHOTS, origin.snapshot), needed=True)
        self._record(store_layout.checks(build.fingerprint))
        if self._trains and journaled:
            self._record(store_layout.build(build.fingerprint), needed=True)
            log = store_layout.builds_of(build.recipe)
            if self._own.read(store_layout.member(log, 0)) is None and store_layout.build(build.fingerprint) in (
                self.found.gone
            ):
                self.found.gone.add(log)

    def artifact(self, digest: Digest) -> None:
        """Look for an artifact with its verifications, evaluations and attestations."""
        if not self._new(f"artifact {digest}"):
            return
        if digest in self._erased:
            if not blobs.holds(self._own, digest):
                self.found.gone.add(store_layout.blob(digest))
            return
        path = self._blob(digest)
        if path is None:
            return
        with suppress(IntegrityError):
            package = oci_manifest.parse(path.read_bytes())
            for file in (package.config, *package.files):
                self._blob(file.digest)
        for source in self._sources:
            if isinstance(source, StoreSource):
                for prefix in (store_layout.verifications_of(digest), store_layout.evaluations_of(digest)):
                    for key in source.store.keys(f"{prefix}/"):
                        self._record(key)
                self._referrers(source.store, digest)

    def whole(self, source: StoreSource) -> None:
        """Look for everything else that a copy of the whole store holds."""
        for key in list(source.store.keys("")):
            kind = key.partition("/")[0]
            if kind in _LOGS or key == store_layout.MARK:
                continue
            if kind != "blobs":
                self._record(key)
                continue
            digest = Digest(f"sha256:{key.rpartition('/')[2]}")
            if not self._is_erased_with(source, digest):
                self._blob(digest, optional=True)

    def _is_erased_with(self, source: StoreSource, digest: Digest) -> bool:
        if not self._erased:
            return False
        if self._kept_away is None:
            self._kept_away = set(self._erased)
            for artifact in self._erased:
                with suppress(ReconcilerError):
                    package = blobs.artifact(source.store, artifact)
                    self._kept_away |= {file.digest for file in package.files}
        return digest in self._kept_away

    def _new(self, what: str) -> bool:
        is_new = what not in self._known
        self._known.add(what)
        return is_new

    def _blob(self, digest: Digest, *, optional: bool = False) -> Path | None:
        """Return a file with a blob, of the store or of a source; remember it where the store lacks it."""
        if (path := self.found.files.get(digest)) is not None:
            return path
        with suppress(IntegrityError):
            if blobs.holds(self._own, digest):
                return blobs.file_of(self._own, digest)
        is_damaged = blobs.is_stored(self._own, digest)
        path = next(filter(None, (source.file(digest) for source in self._sources)), None)
        if path is None:
            if not optional:
                self.found.gone.add(store_layout.blob(digest))
            return None
        if is_damaged:
            self.found.damaged.add(digest)
        self.found.files[digest] = path
        return path

    def _record(self, key: str, *, needed: bool = False) -> None:
        """Remember a record that the store lacks, of the first source that has it as its key says."""
        if not self._new(key) or self._own.read(key) is not None:
            return
        for source in self._sources:
            if not isinstance(source, StoreSource) or not (source.copies or key.partition("/")[0] in _SHARED):
                continue
            if (body := source.read(key)) is None:
                continue
            try:
                ObjectCheck(store=source.store, project=self._project, environment=self._environment).check(key)
            except ReconcilerError as error:
                self.found.problems.append(
                    RepairProblem(where=f"{key} of {source.name}", problem=error.message, refused=True)
                )
                continue
            self.found.records[key] = body
            return
        if needed:
            self.found.gone.add(key)

    def _referrers(self, store: Store, artifact: Digest) -> None:
        """Look for the attestations of an artifact, in the order of their log."""
        prefix = store_layout.referrers(artifact)
        try:
            records: Iterable[Referrer] = tuple(referrers.records(store, artifact))
        except ReconcilerError as error:
            self.found.problems.append(RepairProblem(where=prefix, problem=error.message, refused=True))
            return
        for n, record in enumerate(records):
            if self._own.read(store_layout.member(prefix, n)) is not None:
                continue
            manifest = self._blob(record.manifest)
            if manifest is None:
                return
            with suppress(IntegrityError):
                self._blob(referrers.parse(manifest.read_bytes())[2])
            self._record(store_layout.member(prefix, n))


def put_back(store: Store, found: FoundObjects) -> None:
    """Write what was found: blobs, then records, each unless it is there by now."""
    for digest in sorted(found.damaged):
        path = store.path(store_layout.blob(digest))
        if isinstance(store, BlobRemoval) and path is not None and digest_of_file(path) != digest:
            store.remove(store_layout.blob(digest))
    for digest, path in found.files.items():
        if digest not in found.damaged and blobs.is_stored(store, digest):
            continue
        blobs.put_file(store, path)
    if any(key.startswith(f"{store_layout.REFERRERS}/") for key in found.records):
        blobs.put(store, EMPTY_CONFIG)
    for key, body in found.records.items():
        numbered_log.create_or_read(store, key, body)
