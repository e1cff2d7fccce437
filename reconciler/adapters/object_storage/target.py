"""A target in a bucket, for any program that can read one; its layout is that of a target in a folder.

    owner.json                          the project and environment that own it
    <model>/releases/<64 hex>/…         the files of an artifact, with its OCI manifest and config
    <model>/current                     JSON {project, environment, model, n, entry, artifact}
    <model>/entries/<n>.json            the journal's entries that were put in place, as the store has them

A release is complete, read back and hashed before `current` names it; `current` is created, or swapped if it has not
changed since it was read and compared: a lower n never wins. Every look reads and hashes all files, because a store's
own checksums prove nothing; within one process, a file whose tag has not changed is not read again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import codec
from reconciler.adapters.executors.thread_map import parallel_map
from reconciler.adapters.filesystem.durable_files import read_regular
from reconciler.adapters.filesystem.release_folder import MANIFEST, ReleaseFile, is_plain, layers_of
from reconciler.adapters.object_storage import kept_entries
from reconciler.adapters.object_storage.bucket import ObjectTooLargeError
from reconciler.adapters.object_storage.conditional_write_check import ConditionalWriteCheck
from reconciler.adapters.object_storage.observed_objects import UNOBSERVED, ObservedObjects, target_part
from reconciler.adapters.object_storage.open_bucket import as_target_error, open_bucket
from reconciler.core.artifact.journal import ReleasePointer, StoreMark
from reconciler.core.artifact.object_sizes import too_large
from reconciler.core.artifact.observed_state import DriftType, LiveDeployment
from reconciler.core.artifact.target_ownership import CURRENT, OWNER, RELEASES, TargetRules
from reconciler.core.digest import Digest, digest_of_bytes, digest_of_file, hex_of
from reconciler.core.names import is_name
from reconciler.core.size_limits import MARK_BYTES, OBJECT_BYTES, RELEASE_BYTES
from reconciler.core.storage.location import StorageLocation
from reconciler.errors import AmbiguousWriteError, IntegrityError, TargetError
from reconciler.ports import StorageAccess

if TYPE_CHECKING:
    from reconciler.adapters.object_storage.bucket import Bucket, ETag

ATTEMPTS = 8
AT_ONCE = 32  # models that are observed in parallel


def open_target(location: StorageLocation, access: StorageAccess) -> BucketTarget:
    folder = hashlib.sha256(location.address.encode()).hexdigest()[:16]
    return BucketTarget(
        open_bucket(location, kind=TargetError),
        access.scratch / f"target-{folder}",
        project=access.project,
        environment=access.environment,
        known=access.cache / folder / "probed" if access.cache is not None else None,
        observed=ObservedObjects(access.read_observer, target_part(access.environment)),
    )


class BucketTarget:
    """Implements ports.Target. `folder`: for downloaded releases. `known`: see ConditionalWriteCheck. `observed`
    records reads."""

    def __init__(
        self,
        bucket: Bucket,
        folder: Path,
        *,
        project: str,
        environment: str,
        known: Path | None = None,
        observed: ObservedObjects = UNOBSERVED,
    ) -> None:
        self.bucket = bucket
        self._observed = observed
        self._rules = TargetRules(mark=StoreMark(project=project, environment=environment), where=bucket.address)
        self._folder = folder
        self._probe = ConditionalWriteCheck(bucket, swaps=True, known=known)
        self._hashed: dict[str, tuple[str, int, ETag]] = {}

    def observe(self, models: Iterable[str], *, others: bool = True) -> tuple[LiveDeployment, ...]:
        self._observed.about("")
        self._check_owner()
        listed = self.bucket.folders() if others else ()
        if others:
            self._observed.saw_folders("", listed)
        names = sorted({*models, *(name for name in listed if is_name(name))})
        return tuple(
            deployment for deployment in parallel_map(self._observe, names, at_once=AT_ONCE) if deployment is not None
        )

    def place(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        self._rules.check_belongs(current)
        with as_target_error(self.bucket.address):
            self._probe.once()
            self._claim()
            self._rules.check_newer(current, _decoded(self._read(current.model)))  # before the work of copying
            if current.artifact is not None:
                self._put_release(current.model, current.artifact, files)
            self._swap(current)

    def keep_entry(self, model: str, n: int, body: bytes) -> None:
        with as_target_error(self.bucket.address):
            self._probe.once()
            self._claim()
            self._again(partial(kept_entries.keep, self.bucket, model, n, body), f"entry {n} of {model}")

    def kept_entry(self, model: str, n: int) -> bytes | None:
        return kept_entries.read(self.bucket, model, n)

    def release(self, model: str) -> Path | None:
        answer = self._read(model)
        current = _decoded(answer)
        if current is None or current.artifact is None:
            return None
        start = _release(model, current.artifact)
        manifest = self._get(f"{start}/{MANIFEST}", RELEASE_BYTES)
        if manifest is None:
            return None
        folder = self._folder / model / hex_of(current.artifact)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).write_bytes(manifest[0])
        for layer in _layers(manifest[0]):
            (folder / layer.path).unlink(missing_ok=True)
            with suppress(ObjectTooLargeError):  # then it is missing here, and as wrong as with these bytes
                self.bucket.download(f"{start}/{layer.path}", folder / layer.path, min(layer.size, OBJECT_BYTES))
        return folder

    def traces(self) -> frozenset[str]:
        kept = {name for name in self.bucket.folders() if is_name(name) and self._keeps(name)}
        return frozenset(kept | ({OWNER} if self.bucket.head(OWNER) is not None else set()))

    def pointers(self) -> Mapping[str, str]:
        names = sorted(filter(is_name, self.bucket.folders()))
        heads = parallel_map(lambda name: self.bucket.head(f"{name}/{CURRENT}"), names, at_once=AT_ONCE)
        return {name: str(head) for name, head in zip(names, heads, strict=True) if head is not None}

    def reach(self) -> None:
        self.bucket.reach()

    def probe(self) -> None:
        self._probe.now()

    # --- reading -------------------------------------------------------------------------------------------------

    def _keeps(self, model: str) -> bool:
        """Return whether a pointer or a release of this model is there, and no other owner's pointer."""
        current = _decoded(self._read(model))
        if current is not None:
            return self._rules.is_ours(current, model)
        return any(True for _ in self.bucket.keys(f"{model}/{RELEASES}/"))

    def _read(self, model: str) -> tuple[bytes, ETag] | None:
        return self._get(f"{model}/{CURRENT}", MARK_BYTES)

    def _get(self, key: str, largest: int) -> tuple[bytes, ETag] | None:
        """Return (bytes, tag); no bytes where there are more than ours ever are."""
        try:
            answer = self.bucket.get(key, largest)
        except ObjectTooLargeError as error:
            self._observed.saw(key, (error.size, error.tag))
            return b"", error.tag
        self._observed.saw(key, (len(answer[0]), answer[1]) if answer is not None else None)
        return answer

    def _observe(self, model: str) -> LiveDeployment | None:
        self._observed.about(model)
        answer = self._read(model)
        if answer is None:
            return None
        current = _decoded(answer)
        if current is None:
            return LiveDeployment(model=model, current=None, drift=DriftType.UNREADABLE, files=(CURRENT,))
        if not self._rules.is_ours(current, model):
            return LiveDeployment(model=model, current=None, drift=DriftType.UNMANAGED, files=(CURRENT,))
        if current.artifact is None:
            return LiveDeployment(model=model, current=current)
        wrong = self._differing(_release(model, current.artifact), current.artifact)
        trouble = DriftType.TAMPERED if wrong else None
        return LiveDeployment(model=model, current=current, drift=trouble, files=wrong)

    def _differing(self, start: str, artifact: Digest) -> tuple[str, ...]:
        """Return the files that differ from the artifact's manifest: changed, missing or added; sorted.

        Only added ones depend on a listing.
        """
        manifest = self._get(f"{start}/{MANIFEST}", RELEASE_BYTES)
        if manifest is None or digest_of_bytes(manifest[0]) != artifact:
            return (MANIFEST,)
        layers = _layers(manifest[0])
        wrong = {layer.path for layer in layers if not self._holds(f"{start}/{layer.path}", layer.digest, layer.size)}
        known = {MANIFEST, *(layer.path for layer in layers)}
        names = self.bucket.keys(f"{start}/")
        self._observed.saw_names(f"{start}/", names)
        added = {key.removeprefix(f"{start}/") for key in names} - known
        return tuple(sorted(wrong | added))

    def _holds(self, key: str, digest: str, size: int) -> bool:
        """Return whether the object has these bytes."""
        if (known := self._hashed.get(key)) is not None:
            head = self.bucket.head(key)
            if head is not None and head == (known[1], known[2]):
                self._observed.saw(key, head)
                return (known[0], known[1]) == (hex_of(Digest(digest)), size)
        hashed = self.bucket.digest(key, size)
        self._observed.saw(key, (hashed[1], hashed[2]) if hashed is not None else None)
        if hashed is None:
            return False
        self._hashed[key] = hashed
        return hashed[:2] == (hex_of(Digest(digest)), size)

    def _check_owner(self) -> bool:
        """Return whether the target carries our mark; IntegrityError for another's or a damaged one."""
        try:
            body = self.bucket.get(OWNER, MARK_BYTES)
        except ObjectTooLargeError as error:
            raise too_large(f"{OWNER} of {self.bucket.address}", error.size, error.largest) from error
        self._observed.saw(OWNER, (len(body[0]), body[1]) if body is not None else None)
        if body is None:
            return False
        self._rules.check_mark(codec.decode(StoreMark, body[0], what=f"{OWNER} of {self.bucket.address}"))
        return True

    # --- writing -------------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        """Mark the target as ours; raises where another owner's models are served from it."""
        if self._check_owner():
            return
        for model in filter(is_name, self.bucket.folders()):
            self._rules.check_unclaimed(_decoded(self._read(model)), model)
        mark = codec.encode(self._rules.mark)
        self._again(lambda: self.bucket.create(OWNER, mark) or self._check_owner(), OWNER)

    def _put_release(self, model: str, artifact: Digest, files: Mapping[str, Path]) -> None:
        """Write a whole release under its digest; of an existing one, only files that differ."""
        layers = self._given(artifact, files)
        start = _release(model, artifact)
        for name, source in files.items():
            digest, size = layers[name]
            self._again(partial(self._put, f"{start}/{name}", source, digest, size), name)
        for name in self._differing(start, artifact):
            if name in files:
                raise TargetError(
                    f"the release of {model} was changed by another program while it was written: {name}",
                    hint="find the program that writes there, and run the same command again",
                )
            self.bucket.remove(f"{start}/{name}")

    def _given(self, artifact: Digest, files: Mapping[str, Path]) -> dict[str, tuple[str, int]]:
        """Return (digest, size) of each file; IntegrityError when they are not the artifact's files."""
        manifest = read_regular(files[MANIFEST], RELEASE_BYTES) if MANIFEST in files else b""
        expected = {layer.path: (layer.digest, layer.size) for layer in _layers(manifest)}
        expected[MANIFEST] = (artifact, len(manifest))
        wrong = {name for name in files if not is_plain(name)} | (files.keys() ^ expected.keys())
        wrong |= {name for name in files.keys() - wrong if digest_of_file(files[name]) != expected[name][0]}
        if wrong:
            names = ", ".join(name[:80] for name in sorted(wrong))
            raise IntegrityError(f"the files to serve are not those of {artifact}: {names}", code="E501")
        return expected

    def _put(self, key: str, source: Path, digest: str, size: int) -> bool:
        head = self.bucket.head(key)
        if head is None:
            return self.bucket.create(key, source)
        if not self._holds(key, digest, size):
            self.bucket.put(key, source)
        return True

    def _swap(self, current: ReleasePointer) -> None:
        body, key = codec.encode(current), f"{current.model}/{CURRENT}"

        def step() -> bool:
            answer = self._read(current.model)
            if answer is None:
                return self.bucket.create(key, body)
            self._rules.check_newer(current, _decoded(answer))
            return answer[0] == body or self.bucket.swap(key, body, answer[1])

        self._again(step, key)

    def _again(self, step: Callable[[], bool], what: str) -> None:
        """Repeat a step that reads, compares and writes until it succeeds: others may be faster, or answers lost."""
        for _ in range(ATTEMPTS):
            with suppress(AmbiguousWriteError):
                if step():
                    return
        raise TargetError(
            f"{self.bucket.address} did not say whether {what} was written, or others write there, "
            f"{ATTEMPTS} times in a row",
            code="E611",
            hint="the earlier release is still served; run the same command again: it is safe",
        )


def _release(model: str, artifact: Digest) -> str:
    return f"{model}/{RELEASES}/{hex_of(artifact)}"


def _decoded(answer: tuple[bytes, ETag] | None) -> ReleasePointer | None:
    """Return the pointer; None where it is missing or damaged."""
    if answer is None:
        return None
    try:
        return codec.decode(ReleasePointer, answer[0], what=CURRENT)
    except IntegrityError:
        return None


def _layers(manifest: bytes) -> tuple[ReleaseFile, ...]:
    try:
        return layers_of(manifest)
    except ValueError:
        return ()
