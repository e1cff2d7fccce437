"""Take a release out of a target to serve it: the one that its journal deployed, whole, copied and hashed.

The pointer is no proof: it names an entry, which the journal must have with the same digest and the same artifact; and
the bytes are copied into a folder of our own while they are hashed, so that what is served is what was hashed, whatever
happens to the target afterwards. An entry before the head may be served, since its successor was not put in place yet:
it is found by the chain from the head, as whoever writes the store could replace it.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from reconciler.codec.artifact_manifest import MANIFEST_FILE, parse
from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.observed_state import DriftType, JournalHead, LiveDeployment
from reconciler.core.artifact.oci_artifact import Artifact
from reconciler.core.digest import Digest, digest_of_bytes, hex_of, short
from reconciler.core.size_limits import RELEASE_BYTES
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import observe, observe_loss
from reconciler.engine.storage import data_snapshots, journal
from reconciler.engine.trust.deployed import check_deployed
from reconciler.errors import IntegrityError, NotInPlaceError
from reconciler.ports import Store, Target
from reconciler.ports.serving.changes import VerifiedRelease

_CHUNK = 1 << 20


def verified_release(
    deps: Dependencies, desired: DesiredState, environment: Environment, deployment: LiveDeployment, into: Path
) -> VerifiedRelease | None:
    """Copy what is deployed of a model into a new folder below `into`; None where the model is retired.

    Raises NotInPlaceError E613, IntegrityError E501, E603 for what the journal did not deploy, or is not whole;
    ScoringError for what cannot be loaded.
    """
    model, pointer = deployment.model, deployment.current
    if pointer is None:
        raise _not_in_place(environment, model, "its pointer is damaged, or another program wrote it")
    journals = observe_loss.journals_of(deps, desired)
    head = journals.head(environment.name, model)
    observe.not_ahead(environment, model, head, deployment)
    entry = _entry(deps.stores[environment.name], environment, head, pointer)
    if pointer.artifact is None:
        return None
    check_deployed(deps, desired, environment, journals, pointer.artifact, entry)
    if deployment.drift is DriftType.TAMPERED:
        files = ", ".join(deployment.files)
        raise _not_in_place(environment, model, f"{files}: not the bytes that were deployed")
    folder = into / f"{model}-{hex_of(pointer.artifact)[:16]}-{deps.new_id()}"
    try:
        _copy(deps.targets[environment.name], model, pointer.artifact, folder)
        deps.scorer.check(folder, environment.limits)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return VerifiedRelease(
        model=model,
        artifact=pointer.artifact,
        folder=folder,
        entry=pointer.entry,
        n=pointer.n,
        as_of=data_snapshots.source_of(desired, environment).data.as_of,
    )


def _entry(store: Store, environment: Environment, head: JournalHead | None, pointer: ReleasePointer) -> JournalHead:
    """Return the entry that a pointer names, by the chain from the journal's head, which alone is signed; check that it
    deployed this artifact. Raises IntegrityError E603 where the chain breaks."""
    entry = journal.back_to(store, head, pointer.n) if head is not None else None
    if entry is None or entry.digest != pointer.entry:
        raise _not_in_place(
            environment, pointer.model, f"its pointer names an entry {pointer.n} that is not the journal's"
        )
    if entry.state.artifact != pointer.artifact:
        what = short(pointer.artifact) if pointer.artifact is not None else "nothing"
        raise _not_in_place(
            environment, pointer.model, f"its pointer names {what}, which entry {pointer.n} did not deploy"
        )
    return entry


def _copy(target: Target, model: str, digest: Digest, folder: Path) -> None:
    """Copy the files of a release, each hashed as it is copied. Raises IntegrityError E501 for other bytes."""
    release = target.release(model)
    if release is None:
        raise _damaged(digest, "the release")
    folder.mkdir(parents=True, mode=0o700)
    artifact = _manifest(release, digest, folder)
    wrong = [
        file.path
        for file in (artifact.config, *artifact.files)
        if _copied(release / file.path, folder / file.path, file.size) != file.digest
    ]
    if wrong:
        raise _damaged(digest, ", ".join(wrong))


def _manifest(release: Path, digest: Digest, folder: Path) -> Artifact:
    try:
        with (release / MANIFEST_FILE).open("rb") as stream:
            body = stream.read(RELEASE_BYTES + 1)
    except OSError:
        body = b""
    if digest_of_bytes(body) != digest:
        raise _damaged(digest, MANIFEST_FILE)
    (folder / MANIFEST_FILE).write_bytes(body)
    return parse(body)


def _copied(source: Path, to: Path, size: int) -> str | None:
    """Copy at most `size` bytes and return their digest; None where the file cannot be read or is longer."""
    hashed, left = hashlib.sha256(), size
    try:
        with source.open("rb") as stream, to.open("wb") as out:
            while chunk := stream.read(min(_CHUNK, left + 1)):
                if len(chunk) > left:
                    return None
                hashed.update(chunk)
                out.write(chunk)
                left -= len(chunk)
    except (FileNotFoundError, IsADirectoryError, PermissionError, NotADirectoryError):
        return None
    return f"sha256:{hashed.hexdigest()}"


def _damaged(digest: Digest, files: str) -> IntegrityError:
    return IntegrityError(
        f"{files}: not the bytes of {short(digest)}",
        code="E501",
        hint="`reconciler apply` restores deployed files; what was served before goes on being served",
    )


def _not_in_place(environment: Environment, model: str, problem: str) -> NotInPlaceError:
    return NotInPlaceError(
        f"the release of {environment.name}/{model} is not served: {problem}",
        hint=f"see `reconciler drift {environment.name}`; `reconciler apply {environment.name}` restores it",
        code="E613",
    )
