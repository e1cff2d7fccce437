"""Git commands that write: with the user's identity and signing, and errors of ours."""

from __future__ import annotations

import os
import re
from pathlib import Path

from reconciler.adapters.git.plumbing import Git, user_environment
from reconciler.errors import ConflictError, ReconcilerError, SourceError

_NO_IDENTITY = ("empty ident", "tell me who you are", "auto-detect", "auto-detection is disabled", "no name was given")
_LOCK = re.compile(r"Unable to create '([^']+\.lock)': File exists")


class GitWriter:
    """Runs git commands in `folder` that write `subject`. `more`: environment variables of git."""

    def __init__(self, folder: Path, subject: str, **more: str) -> None:
        self._git = Git(folder, environment=user_environment(os.environ, **more))
        self._subject = subject

    def call(self, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """Return (exit code, standard output, standard error)."""
        return self._git.call(*arguments, stdin=stdin)

    def run(self, *arguments: str) -> str:
        """Return standard output without its last line break; raises ConflictError and SourceError E306."""
        code, out, error = self.call(*arguments)
        if code != 0:
            raise explained(error, self._subject)
        return _text(out)

    def ask(self, *arguments: str) -> str:
        """Return standard output without its last line break; nothing where git says no."""
        return _text(self._git.call(*arguments)[1])


def explained(text: str, name: str) -> ReconcilerError:
    """Return the error for git's standard error `text`, when it was writing `name`."""
    if any(words in text for words in _NO_IDENTITY):
        return SourceError(
            "git does not know who you are",
            code="E306",
            hint='git config user.name "Your Name" && git config user.email you@example.org',
        )
    if (lock := _LOCK.search(text)) is not None:
        return ConflictError(
            "another git command is running in this repository, or was killed in the middle of one",
            hint=f"run the same command again; if no git is running any more, remove {lock[1]}",
        )
    if "cannot lock ref" in text:
        return ConflictError(
            f"{name} was created by another command in the meantime, or its name conflicts with another branch's",
            hint="run the same command again; if it stays, see `git branch --list`",
        )
    if "gpg failed" in text or "failed to write commit object" in text:
        return SourceError(
            "git could not sign",
            code="E306",
            hint="check user.signingKey, or switch signing off: git config commit.gpgSign false (tags: tag.gpgSign)",
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return SourceError(f"git refused: {lines[-1][:200] if lines else 'no message'}", code="E306")


def _text(out: bytes) -> str:
    return out.decode("utf-8", "surrogateescape").removesuffix("\n")
