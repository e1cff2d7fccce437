"""Serve one release from a folder, without a project: where a server for models has put it, such as KServe."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.ports.serving.changes import Looked, RefusedRelease, ServingChange, VerifiedRelease


class FixedRelease:
    """The release in `folder`, whose digest was pinned by whoever serves it. It is copied and verified once."""

    def __init__(self, model: str, folder: Path, digest: Digest, scratch: Path) -> None:
        self._model, self._folder, self._digest, self._scratch = model, folder, digest, scratch
        self._is_new = True

    def look(self) -> Iterable[ServingChange]:
        """Return the release at the first look."""
        if not self._is_new:
            return ()
        self._is_new = False
        copy = self._scratch / "release"
        try:
            copy.mkdir(mode=0o700)
            for path in sorted(self._folder.iterdir()):
                if path.is_file():
                    shutil.copyfile(path, copy / path.name)
        except OSError as error:
            return (RefusedRelease(model=self._model, reason=f"{self._folder}: {error.strerror}"), Looked())
        return (VerifiedRelease(model=self._model, artifact=self._digest, folder=copy), Looked())

    def failed(self, model: str, artifact: Digest, reason: str) -> None:
        """Do nothing: there is no other release."""
