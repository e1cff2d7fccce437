"""A target in a bucket, for any program that can read one; laid out as the target in a folder is.

    owner.json                          whose target this is
    <model>/releases/<64 hex>/…         the files of an artifact, with its OCI manifest and config
    <model>/current                     JSON {project, environment, model, n, entry, artifact}

A release is complete, read back and hashed before `current` names it; `current` is created, or swapped if it has not
changed since it was read and compared: a lower n never wins. What is served is read and hashed anew at each look,
because what a store says of its own bytes proves nothing; within one process, a file whose tag is still the one that it
had when it was hashed is not read again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import codec
from reconciler.adapters.executors.thread_map import parallel_map
from reconciler.adapters.filesystem.release_folder import MANIFEST, ReleaseFile, is_plain, layers_of
from reconciler.adapters.object_storage.clients import bucket
from reconciler.adapters.object_storage.conditional_write_check import ConditionalWriteCheck
from reconciler.core.artifact.journal import ReleasePointer, StoreMark
from reconciler.core.artifact.observed_state import DriftType, LiveDeployment
from reconciler.core.artifact.target_ownership import CURRENT, OWNER, RELEASES, TargetRules
from reconciler.core.digest import Digest, digest_of_bytes, digest_of_file, hex_of
from reconciler.core.names import is_name
from reconciler.core.spec.environment import StorageLocation
from reconciler.errors import AmbiguousWriteError, IntegrityError, TargetError
from reconciler.ports import StorageAccess

if TYPE_CHECKING:
    from reconciler.adapters.object_storage.bucket import Bucket, ETag

ATTEMPTS = 8
AT_ONCE = 32  # models that are looked at side by side


def open_target(place: StorageLocation, opening: StorageAccess) -> BucketTarget:
    where = hashlib.sha256(place.address.encode()).hexdigest()[:16]
    return BucketTarget(
        bucket(place, kind=TargetError),
        opening.scratch / f"target-{where}",
        project=opening.project,
        environment=opening.environment,
        known=opening.cache / where / "probed" if opening.cache is not None else None,
    )


class BucketTarget:
    """`folder` is where releases are put that are asked for. `known`: as that of a store."""

    def __init__(
        self, inside: Bucket, folder: Path, *, project: str, environment: str, known: Path | None = None
    ) -> None:
        self.bucket = inside
        self._rules = TargetRules(mark=StoreMark(project=project, environment=environment), where=inside.address)
        self._folder = folder
        self._probe = ConditionalWriteCheck(inside, swaps=True, known=known)
        self._hashed: dict[str, tuple[str, int, ETag]] = {}

    def observe(self, models: Iterable[str], *, others: bool = True) -> tuple[LiveDeployment, ...]:
        self._check_owner()
        listed = self.bucket.folders() if others else ()
        names = sorted({*models, *(name for name in listed if is_name(name))})
        return tuple(found for found in parallel_map(self._observe, names, at_once=AT_ONCE) if found is not None)

    def place(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        self._rules.check_belongs(current)
        with _as_target_error(self.bucket.address):
            self._probe.once()
            self._claim()
            self._rules.check_newer(current, _decoded(self._read(current.model)))  # before the work of copying
            if current.artifact is not None:
                self._put_release(current.model, current.artifact, files)
            self._swap(current)

    def release(self, model: str) -> Path | None:
        found = self._read(model)
        current = _decoded(found)
        if current is None or current.artifact is None:
            return None
        start = _release(model, current.artifact)
        manifest = self.bucket.get(f"{start}/{MANIFEST}")
        if manifest is None:
            return None
        folder = self._folder / model / hex_of(current.artifact)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (MANIFEST, *(layer.path for layer in _layers(manifest[0]))):
            (folder / name).unlink(missing_ok=True)
            self.bucket.download(f"{start}/{name}", folder / name)
        return folder

    def reach(self) -> None:
        self.bucket.reach()

    def probe(self) -> None:
        self._probe.now()

    # --- reading -------------------------------------------------------------------------------------------------

    def _read(self, model: str) -> tuple[bytes, ETag] | None:
        return self.bucket.get(f"{model}/{CURRENT}")

    def _observe(self, model: str) -> LiveDeployment | None:
        found = self._read(model)
        if found is None:
            return None
        current = _decoded(found)
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
        """Files that are not what the artifact's manifest says: changed, missing, added. Sorted. A listing only finds
        what was added."""
        manifest = self.bucket.get(f"{start}/{MANIFEST}")
        if manifest is None or digest_of_bytes(manifest[0]) != artifact:
            return (MANIFEST,)
        layers = _layers(manifest[0])
        wrong = {layer.path for layer in layers if not self._holds(f"{start}/{layer.path}", layer.digest, layer.size)}
        known = {MANIFEST, *(layer.path for layer in layers)}
        added = {key.removeprefix(f"{start}/") for key in self.bucket.keys(f"{start}/")} - known
        return tuple(sorted(wrong | added))

    def _holds(self, key: str, digest: str, size: int) -> bool:
        """Whether the object has these bytes."""
        if (known := self._hashed.get(key)) is not None:
            there = self.bucket.head(key)
            if there is not None and there == (known[1], known[2]):
                return (known[0], known[1]) == (hex_of(Digest(digest)), size)
        found = self.bucket.digest(key)
        if found is None:
            return False
        self._hashed[key] = found
        return found[:2] == (hex_of(Digest(digest)), size)

    def _check_owner(self) -> bool:
        """Whether the target carries our mark; IntegrityError when it carries another's or a damaged one."""
        body = self.bucket.get(OWNER)
        if body is None:
            return False
        self._rules.check_mark(codec.decode(StoreMark, body[0], what=f"{OWNER} of {self.bucket.address}"))
        return True

    # --- writing -------------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        """Mark the target as ours, unless what it serves is somebody else's."""
        if self._check_owner():
            return
        for model in filter(is_name, self.bucket.folders()):
            self._rules.check_unclaimed(_decoded(self._read(model)), model)
        mark = codec.encode(self._rules.mark)
        self._again(lambda: self.bucket.create(OWNER, mark) or self._check_owner(), OWNER)

    def _put_release(self, model: str, artifact: Digest, files: Mapping[str, Path]) -> None:
        """A whole release under its digest; of one that is there, only what differs is sent."""
        layers = self._given(artifact, files)
        start = _release(model, artifact)
        for name, source in files.items():
            digest, size = layers[name]
            self._again(partial(self._put, f"{start}/{name}", source, digest, size), name)
        for name in self._differing(start, artifact):
            if name in files:
                raise TargetError(
                    f"the release of {model} is changed by somebody else while it is put in place: {name}",
                    hint="find who writes there, and run the same command again",
                )
            self.bucket.remove(f"{start}/{name}")

    def _given(self, artifact: Digest, files: Mapping[str, Path]) -> dict[str, tuple[str, int]]:
        """(digest, size) by name, of files that are those of the artifact; IntegrityError when they are not."""
        manifest = files[MANIFEST].read_bytes() if MANIFEST in files else b""
        expected = {layer.path: (layer.digest, layer.size) for layer in _layers(manifest)}
        expected[MANIFEST] = (artifact, len(manifest))
        wrong = {name for name in files if not is_plain(name)} | (files.keys() ^ expected.keys())
        wrong |= {name for name in files.keys() - wrong if digest_of_file(files[name]) != expected[name][0]}
        if wrong:
            names = ", ".join(name[:80] for name in sorted(wrong))
            raise IntegrityError(f"the files to serve are not those of {artifact}: {names}", code="E501")
        return expected

    def _put(self, key: str, source: Path, digest: str, size: int) -> bool:
        there = self.bucket.head(key)
        if there is None:
            return self.bucket.create(key, source)
        if not self._holds(key, digest, size):
            self.bucket.put(key, source)
        return True

    def _swap(self, current: ReleasePointer) -> None:
        body, key = codec.encode(current), f"{current.model}/{CURRENT}"

        def step() -> bool:
            found = self.bucket.get(key)
            if found is None:
                return self.bucket.create(key, body)
            self._rules.check_newer(current, _decoded(found))
            return found[0] == body or self.bucket.swap(key, body, found[1])

        self._again(step, key)

    def _again(self, step: Callable[[], bool], what: str) -> None:
        """Until it is so: a step that reads, compares and writes may be beaten by others, or get no answer."""
        for _ in range(ATTEMPTS):
            with suppress(AmbiguousWriteError):
                if step():
                    return
        raise TargetError(
            f"{self.bucket.address} did not say whether {what} was written, or others write there, "
            f"{ATTEMPTS} times in a row",
            code="E611",
            hint="what served before still serves; run the same command again: it is safe",
        )


@contextmanager
def _as_target_error(address: str) -> Iterator[None]:
    """What is on this machine's own disk, and answers that never came."""
    try:
        yield
    except AmbiguousWriteError as error:
        raise TargetError(error.message, code=error.code, hint=error.hint) from error
    except OSError as error:
        raise TargetError(
            f"cannot read what {address} shall serve: {error.strerror or type(error).__name__}", code="E608"
        ) from error


def _release(model: str, artifact: Digest) -> str:
    return f"{model}/{RELEASES}/{hex_of(artifact)}"


def _decoded(found: tuple[bytes, ETag] | None) -> ReleasePointer | None:
    """None when there is no pointer or it is damaged."""
    if found is None:
        return None
    try:
        return codec.decode(ReleasePointer, found[0], what=CURRENT)
    except IntegrityError:
        return None


def _layers(manifest: bytes) -> tuple[ReleaseFile, ...]:
    try:
        return layers_of(manifest)
    except ValueError:
        return ()
