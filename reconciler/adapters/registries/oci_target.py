"""A target in one repository of an OCI registry: a tag per model and environment, at the artifact's own digest.

The tags and records are in `oci_records`. A release is complete, read back and hashed before its tag is moved. A
registry compares nothing when a tag is moved, so of two writers the later one wins there. Therefore a record is written
before the tag is moved, under the entry's number; and after it, who finds the record of a later entry moves the tag
there, and reports a conflict. Of a writer that ended in between, the next look tells.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reconciler.adapters.executors.thread_map import parallel_map
from reconciler.adapters.filesystem.release_folder import MANIFEST, ReleaseFile
from reconciler.adapters.registries import oci_records
from reconciler.adapters.registries.given_release import given_release, layers
from reconciler.adapters.registries.oci_deployments import OciDeployments
from reconciler.adapters.registries.oci_records import DeploymentRecord, ModelTags
from reconciler.adapters.registries.oci_repository import HOST, OciRepository
from reconciler.adapters.registries.registry_credentials import PASSWORD, USER
from reconciler.core.artifact.journal import ReleasePointer, StoreMark
from reconciler.core.artifact.observed_state import LiveDeployment
from reconciler.core.artifact.oci_artifact import MANIFEST_TYPE
from reconciler.core.artifact.target_ownership import OWNER, TargetRules
from reconciler.core.digest import Digest, digest_of_bytes, hex_of
from reconciler.core.package.registry_reference import parse_reference
from reconciler.core.size_limits import RELEASE_BYTES
from reconciler.core.storage.location import StorageLocation
from reconciler.core.trust.attestation import EMPTY_CONFIG
from reconciler.errors import ConflictError, IntegrityError, StoreError, TargetError
from reconciler.ports import StorageAccess

AT_ONCE = 16  # models that are observed in parallel
_TRIES = 8  # later entries that a late writer follows


def open_target(location: StorageLocation, access: StorageAccess) -> OciTarget:
    folder = hashlib.sha256(location.address.encode()).hexdigest()[:16]
    repository = OciRepository(parse_reference(location.setting("repository") or ""), os.environ)
    return OciTarget(
        repository, access.scratch / f"target-{folder}", project=access.project, environment=access.environment
    )


class OciTarget:
    """Implements ports.Target. `folder`: for downloaded releases."""

    def __init__(self, repository: OciRepository, folder: Path, *, project: str, environment: str) -> None:
        self.repository = repository
        self._folder = folder
        self._environment = environment
        self._rules = TargetRules(mark=StoreMark(project=project, environment=environment), where=repository.address)
        self._deployments = OciDeployments(repository, environment, self._rules)

    def observe(self, models: Iterable[str], *, others: bool = True) -> tuple[LiveDeployment, ...]:
        with self._as_target_error():
            tags = self.repository.tags()
            self._check_owner(tags)
            known = oci_records.tags_of(tags, self._environment)
            names = sorted(known.keys() if others else known.keys() & set(models))
            found = parallel_map(
                lambda model: self._deployments.live(model, self._deployments.look(model, known[model])),
                names,
                at_once=AT_ONCE,
            )
        return tuple(deployment for deployment in found if deployment is not None)

    def place(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        self._rules.check_belongs(current)
        self._check_length(current)
        with self._as_target_error():
            tags = self.repository.tags()
            self._claim(tags)
            known = oci_records.tags_of(tags, self._environment)
            seen = self._deployments.look(current.model, known.get(current.model, ModelTags()))
            self._rules.check_newer(current, seen.record.pointer if seen.record is not None else None)
            manifest = self._put_release(current.artifact, files) if current.artifact is not None else None
            done = DeploymentRecord(pointer=current, placed=True)
            if seen.record == done and seen.artifact == current.artifact and seen.served is not None:
                return
            if seen.record is None or seen.record.pointer != current:
                self._record(
                    DeploymentRecord(pointer=current, placed=False, before=self._deployments.pointer(seen)), manifest
                )
            self._move(current.model, manifest)
            self._follow(current)
            self._record(done, manifest)

    def release(self, model: str) -> Path | None:
        with self._as_target_error():
            known = oci_records.tags_of(self.repository.tags(), self._environment)
            if model not in known:
                return None
            seen = self._deployments.look(model, known[model])
            pointer = self._deployments.pointer(seen)
            if pointer is None or pointer.artifact is None or seen.manifest is None:
                return None
            if digest_of_bytes(seen.manifest) != pointer.artifact:
                return None
            folder = self._folder / model / hex_of(pointer.artifact)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / MANIFEST).write_bytes(seen.manifest)
            for layer in layers(seen.manifest):
                self.repository.take(layer.digest, layer.size, folder / layer.path)
            return folder

    def traces(self) -> frozenset[str]:
        with self._as_target_error():
            tags = self.repository.tags()
        owned = {OWNER} if oci_records.owner_tag(self._environment) in tags else set()
        return frozenset(oci_records.tags_of(tags, self._environment).keys() | owned)

    def pointers(self) -> Mapping[str, str]:
        with self._as_target_error():
            known = oci_records.tags_of(self.repository.tags(), self._environment)
            asked = [oci_records.served_tag(model, self._environment) for model in known]
            digests = parallel_map(self.repository.tagged_digest, asked, at_once=AT_ONCE)
        return {
            model: f"{tags.records[:1]} {digest}" for (model, tags), digest in zip(known.items(), digests, strict=True)
        }

    def reach(self) -> None:
        with self._as_target_error():
            self.repository.tags()

    def probe(self) -> None:
        """Write the tag `_probe`, and read it back."""
        try:
            with self._as_target_error():
                self.repository.put_blob(digest_of_bytes(EMPTY_CONFIG), EMPTY_CONFIG)
                self._put_tag("_probe", oci_records.nothing())
        except TargetError as error:
            if error.code != "E622":
                raise
            raise TargetError(error.message, code="E602", hint=error.hint) from error

    # --- writing -------------------------------------------------------------------------------------------------

    def _check_owner(self, tags: frozenset[str]) -> bool:
        """Return whether the repository carries our mark; IntegrityError for another's or a damaged one."""
        tag = oci_records.owner_tag(self._environment)
        found = self.repository.tagged(tag) if tag in tags else None
        if found is None:
            return False
        self._rules.check_mark(oci_records.mark_of(found.body or b"", f"{tag} of {self.repository.address}"))
        return True

    def _claim(self, tags: frozenset[str]) -> None:
        """Mark the tags as ours; raises where another owner's models are served by them."""
        if self._check_owner(tags):
            return
        for model, each in oci_records.tags_of(tags, self._environment).items():
            record = self._deployments.newest(model, each.records)
            self._rules.check_unclaimed(record.pointer if record is not None else None, model)
        self.repository.put_blob(digest_of_bytes(EMPTY_CONFIG), EMPTY_CONFIG)
        self._put_tag(oci_records.owner_tag(self._environment), oci_records.mark_manifest(self._rules.mark))

    def _put_release(self, artifact: Digest, files: Mapping[str, Path]) -> bytes:
        """Upload a whole release, read it back, and return its manifest; of an existing one, only what differs."""
        manifest, named = given_release(artifact, files)
        for name, layer in named.items():
            self._put_blob(name, layer, files[name])
        if not self.repository.holds_manifest(artifact):
            self.repository.put_manifest(artifact, MANIFEST_TYPE, manifest)
            if not self.repository.holds_manifest(artifact):
                raise self._not_mended(MANIFEST, artifact)
        return manifest

    def _put_blob(self, name: str, layer: ReleaseFile, file: Path) -> None:
        if self.repository.matches(layer.digest, layer.size):
            return
        self.repository.put_blob(Digest(layer.digest), file)
        if not self.repository.matches(layer.digest, layer.size):
            raise self._not_mended(name, layer.digest)

    def _record(self, record: DeploymentRecord, manifest: bytes | None) -> None:
        pointer = record.pointer
        tag = oci_records.record_tag(pointer.model, pointer.environment, pointer.n)
        self._put_tag(tag, oci_records.record_manifest(record, manifest))

    def _move(self, model: str, manifest: bytes | None) -> None:
        """Move the tag that is served: to an artifact, or to what says that nothing is served."""
        self._put_tag(
            oci_records.served_tag(model, self._environment),
            manifest if manifest is not None else oci_records.nothing(),
        )

    def _put_tag(self, tag: str, manifest: bytes) -> None:
        self.repository.put_manifest(tag, MANIFEST_TYPE, manifest)

    def _follow(self, current: ReleasePointer) -> None:
        """Move the tag on where a later entry has a record by now; ConflictError then."""
        model, late = current.model, None
        for _ in range(_TRIES):
            known = oci_records.tags_of(self.repository.tags(), self._environment).get(model, ModelTags())
            newest = self._deployments.newest(model, known.records)
            if newest is None or newest.pointer.n <= (late or current).n:
                break
            late = newest.pointer
            manifest = self.repository.manifest(late.artifact, RELEASE_BYTES) if late.artifact is not None else None
            if late.artifact is None or manifest is not None:
                self._move(model, manifest)
        if late is not None:
            raise ConflictError(
                f"the target got entry {late.n} of {model} while entry {current.n} was written",
                hint="nothing is lost: run the same command again",
            )

    # --- errors --------------------------------------------------------------------------------------------------

    def _check_length(self, current: ReleasePointer) -> None:
        if len(tag := oci_records.record_tag(current.model, current.environment, current.n)) > oci_records.LONGEST_TAG:
            raise TargetError(
                f"the tag {tag} has {len(tag)} characters, and a registry takes {oci_records.LONGEST_TAG}",
                code="E623",
                hint="give the model or the environment a shorter name",
            )

    def _not_mended(self, name: str, digest: str) -> TargetError:
        return TargetError(
            f"{self.repository.address} keeps {name} ({digest}) damaged: what is uploaded again does not replace it",
            code="E621",
            hint="have those who run the registry remove that blob from its disk, and run the same command again; the "
            "tag was not moved",
        )

    @contextmanager
    def _as_target_error(self) -> Iterator[None]:
        """Raise errors of the registry, and of this machine's disk, as TargetError."""
        try:
            yield
        except StoreError as error:
            hint = error.hint
            if error.code == "E622":
                host = self.repository.host
                hint = f"log in with `docker login {host}`, or set {HOST}={host}, {USER} and {PASSWORD}"
            raise TargetError(error.message, code=error.code, hint=hint) from error
        except IntegrityError as error:
            if error.code != "E505":
                raise
            hint = "nothing of it was read; ask those who run the registry"
            raise TargetError(f"{error.message} ({self.repository.address})", code="E621", hint=hint) from error
        except OSError as error:
            message = (
                f"cannot read what {self.repository.address} shall serve: {error.strerror or type(error).__name__}"
            )
            raise TargetError(message, code="E608") from error
