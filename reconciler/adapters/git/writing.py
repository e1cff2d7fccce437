"""Git commands that write: with the user's identity and signing, and errors of ours."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.adapters.git.plumbing import Git, user_environment
from reconciler.adapters.git.refusals import explained


class GitWriter:
    """Runs git commands in `folder` that write `subject`. `more`: environment variables of git."""

    def __init__(self, folder: Path, subject: str, **more: str) -> None:
        self._git = Git(folder, environment=user_environment(os.environ, **more))
        self._subject = subject

    def call(self, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """Return (exit code, standard output, standard error)."""
        return self._git.call(*arguments, stdin=stdin)

    def run(self, *arguments: str, signing: bool = False) -> str:
        """Return standard output without its last line break; raises ConflictError and SourceError E306.

        `signing`: git is to sign what it writes.
        """
        code, out, error = self.call(*arguments)
        if code != 0:
            raise explained(error, self._subject, signing=signing)
        return _text(out)

    def switch(self, setting: str) -> bool | None:
        """Return a setting that is yes or no; None where nobody has set it. SourceError E306 for another value."""
        code, out, error = self.call("config", "--type=bool", "--get", setting)
        if code not in (0, 1):
            raise explained(error, setting)
        return _text(out) == "true" if code == 0 else None

    def ask(self, *arguments: str) -> str:
        """Return standard output without its last line break; nothing where git says no."""
        return _text(self._git.call(*arguments)[1])


def _text(out: bytes) -> str:
    return out.decode("utf-8", "surrogateescape").removesuffix("\n")
