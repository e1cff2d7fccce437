"""What adapters that write to git have in common: settings that hold whatever is configured, and git's words as ours.

Through GitPython, with constant arguments; no repository object outlives a call. Hooks are switched off.
"""

from __future__ import annotations

import os
import re

from reconciler.errors import ConflictError, ReconcilerError, SourceError

# The user's own configuration counts here (identity, signing), but nothing in it may run a hook, guess an identity from
# the machine's name, or change bytes.
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "user.useConfigOnly": "true",
    "i18n.commitEncoding": "utf-8",
    "protocol.ext.allow": "never",
}
_NOBODY = ("empty ident", "tell me who you are", "auto-detect", "auto-detection is disabled", "no name was given")
_LOCK = re.compile(r"Unable to create '([^']+\.lock)': File exists")


def environment(**more: str) -> dict[str, str]:
    """For git, besides `more`: settings that no configuration file overrides (git 2.31 and newer)."""
    found = {**more, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    found["GIT_CONFIG_COUNT"] = str(len(_SETTINGS))
    for number, (name, value) in enumerate(_SETTINGS.items()):
        found[f"GIT_CONFIG_KEY_{number}"] = name
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found


def explained(error: Exception, name: str) -> ReconcilerError:
    text = str(getattr(error, "stderr", ""))
    if any(words in text for words in _NOBODY):
        return SourceError(
            "git does not know who you are",
            code="E306",
            hint='git config user.name "Your Name" && git config user.email you@example.org',
        )
    if (lock := _LOCK.search(text)) is not None:
        return ConflictError(
            "another git command is at work in this repository, or died in the middle of one",
            hint=f"run the same command again; if no git runs any more, remove {lock[1]}",
        )
    if "cannot lock ref" in text:
        return ConflictError(
            f"{name} was made by somebody else in the meantime, or stands in another branch's way",
            hint="run the same command again; if it stays, see `git branch --list`",
        )
    if "gpg failed" in text or "failed to write commit object" in text:
        return SourceError(
            "git could not sign",
            code="E306",
            hint="check user.signingKey, or switch signing off: git config commit.gpgSign false (tags: tag.gpgSign)",
        )
    lines = [line.strip().strip("'") for line in text.splitlines() if line.strip()]
    return SourceError(f"git refused: {lines[-1][:200] if lines else 'no message'}", code="E306")
