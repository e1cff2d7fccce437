"""Tell from the tags and records of an OCI repository what is deployed there, and whether its bytes are right."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.adapters.filesystem.release_folder import MANIFEST
from reconciler.adapters.registries import oci_records
from reconciler.adapters.registries.given_release import layers
from reconciler.adapters.registries.oci_records import DeploymentRecord, ModelTags
from reconciler.adapters.registries.oci_repository import OciRepository
from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.observed_state import DriftType, LiveDeployment
from reconciler.core.artifact.target_ownership import CURRENT, TargetRules
from reconciler.core.digest import Digest, digest_of_bytes, is_digest

_LOOKED_AT = 8  # records of a model, from the newest on, of which the first valid one counts


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTags:
    """What a look at one model's tags found: its newest valid record, and what the served tag names.

    `served`: a digest, None without a tag. `manifest`: its bytes, None where they are damaged.
    """

    record: DeploymentRecord | None
    served: Digest | None
    manifest: bytes | None

    @property
    def artifact(self) -> Digest | None:
        """Return the digest of the artifact that is served."""
        return None if self.served == digest_of_bytes(oci_records.nothing()) else self.served


class OciDeployments:
    """The deployments of one environment in a repository. Raises what the repository does."""

    def __init__(self, repository: OciRepository, environment: str, rules: TargetRules) -> None:
        self._repository, self._environment, self._rules = repository, environment, rules

    def look(self, model: str, tags: ModelTags) -> SeenTags:
        found = self._repository.tagged(oci_records.served_tag(model, self._environment)) if tags.served else None
        return SeenTags(
            record=self.newest(model, tags.records),
            served=found.digest if found is not None else None,
            manifest=found.body if found is not None else None,
        )

    def newest(self, model: str, numbers: tuple[int, ...]) -> DeploymentRecord | None:
        """Return the newest valid record: what somebody else wrote under such a tag, or damaged, is none."""
        for n in numbers[:_LOOKED_AT]:
            found = self._repository.tagged(oci_records.record_tag(model, self._environment, n))
            record = oci_records.record_of(found.body) if found is not None and found.body is not None else None
            if record is not None and record.pointer.n == n:
                return record
        return None

    def pointer(self, seen: SeenTags) -> ReleasePointer | None:
        """Return what the tag says together with the records; None where nothing was deployed, or nothing says it."""
        record, actual = seen.record, seen.artifact
        if record is None or actual == record.pointer.artifact:
            return record.pointer if record is not None else None
        if not record.placed and actual == (record.before.artifact if record.before is not None else None):
            return record.before
        return replace(record.pointer, artifact=actual)

    def live(self, model: str, seen: SeenTags) -> LiveDeployment | None:
        tag = oci_records.served_tag(model, self._environment)
        if seen.record is None:
            unknown = LiveDeployment(model=model, current=None, drift=DriftType.UNREADABLE, files=(CURRENT,))
            return unknown if seen.served is not None else None
        if not self._rules.is_ours(seen.record.pointer, model):
            return LiveDeployment(model=model, current=None, drift=DriftType.UNMANAGED, files=(tag,))
        if self._is_damaged(seen, seen.record):
            return LiveDeployment(model=model, current=seen.record.pointer, drift=DriftType.TAMPERED, files=(MANIFEST,))
        current = self.pointer(seen)
        if current is None:
            return None
        if current.artifact is None or current.artifact not in _known(seen.record):
            return LiveDeployment(model=model, current=current)
        wrong = self._differing(seen.manifest)
        return LiveDeployment(model=model, current=current, drift=DriftType.TAMPERED if wrong else None, files=wrong)

    def _is_damaged(self, seen: SeenTags, record: DeploymentRecord) -> bool:
        """Tell whether the manifest of what was deployed is damaged or gone, and not only its tag."""
        wanted = record.pointer.artifact
        if wanted is None:
            return False
        if seen.served == wanted:
            return seen.manifest is None
        return record.placed and seen.served is None and not self._repository.holds_manifest(wanted)

    def _differing(self, manifest: bytes | None) -> tuple[str, ...]:
        """Return the files that are not as a manifest, whose digest is right, says; sorted."""
        files = layers(manifest) if manifest is not None else ()
        if not files:
            return (MANIFEST,)
        return tuple(
            sorted(
                layer.path
                for layer in files
                if not is_digest(layer.digest) or not self._repository.matches(layer.digest, layer.size)
            )
        )


def _known(record: DeploymentRecord) -> tuple[Digest | None, ...]:
    return (record.pointer.artifact, record.before.artifact if record.before is not None else None)
