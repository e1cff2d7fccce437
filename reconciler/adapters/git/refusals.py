"""Say why git refused to write: what is missing, and what to do. From git's standard error, in its C locale.

Messages of git 2.30 to 2.50 were looked at; gpg's and ssh-keygen's own lines are in them where git passes them on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.core.names import visible
from reconciler.errors import ConflictError, ReconcilerError, SourceError

_NO_IDENTITY = ("empty ident", "tell me who you are", "auto-detect", "auto-detection is disabled", "no name was given")
_LOCK = re.compile(r"Unable to create '([^']+\.lock)': File exists")
_BAD_SETTING = re.compile(
    r"bad (?:config variable|boolean config value .*? for|numeric config value .*? for) '([^']+)'"
)
_NOT_WRITABLE = re.compile(
    r"(?:[Uu]nable to (?:create|write|append to|open)|cannot update the ref)[^\n]*"
    r": (?:Permission denied|Read-only file system)"
    r"|insufficient permission for adding an object"
)
_OFF = "or switch signing off: git config commit.gpgSign false (tags: tag.gpgSign)"
LONGEST = 200  # characters of git's own line


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """A cause of a failed signature: how git says it, the problem and the remedy in words, with groups of `says`."""

    says: re.Pattern[str]
    problem: str
    remedy: str


def _cause(says: str, problem: str, remedy: str) -> _Cause:
    return _Cause(says=re.compile(says), problem=problem, remedy=remedy)


# The first that fits counts: the more particular ones stand first.
_SIGNING = (
    _cause(
        r"cannot run ([^\n:]+): ([^\n]+)",
        "the program {0} cannot be run: {1}",
        "install it, or name another: git config gpg.program PATH (for SSH keys: gpg.ssh.program)",
    ),
    _cause(
        r"either user\.signing[kK]ey or gpg\.ssh\.defaultKeyCommand",
        "no SSH key is configured",
        "name your public key: git config user.signingKey ~/.ssh/id_ed25519.pub",
    ),
    _cause(
        r"Couldn't load public key ([^\n]+?): No such file or directory",
        "there is no public key in {0}",
        "name the file of your public key: git config user.signingKey ~/.ssh/id_ed25519.pub",
    ),
    _cause(
        r"UNPROTECTED PRIVATE KEY FILE[\s\S]*?Permissions \d+ for '([^'\n]+)'",
        "others may read the private key {0}, so ssh-keygen ignores it",
        "chmod 600 {0}",
    ),
    _cause(
        r"(?:incorrect passphrase|agent refused operation|error in libcrypto)",
        "the SSH key is locked by a passphrase, which cannot be asked for here",
        'let an agent hold the key: eval "$(ssh-agent)" && ssh-add',
    ),
    _cause(
        r"No private key found for(?: public key)? \"([^\"\n]+)\"",
        "neither the private key of {0} nor an agent that holds it is there",
        'start an agent that holds the key: eval "$(ssh-agent)" && ssh-add; or put the private key beside its .pub',
    ),
    _cause(
        r"(?:Couldn't get agent socket|Could not open a connection to your authentication agent"
        r"|error fetching identities|Couldn't find key in agent)",
        "no SSH agent holds the key",
        'start one that does: eval "$(ssh-agent)" && ssh-add',
    ),
    _cause(
        r"(?:No secret key|secret key not available|no default secret key)",
        "gpg has no secret key for who commits",
        "name one that `gpg --list-secret-keys` lists: git config user.signingKey KEYID",
    ),
    _cause(
        r"(?:Inappropriate ioctl|No pinentry|Operation cancelled|Timeout|no tty)",
        "gpg cannot ask for the passphrase here",
        "let gpg-agent hold it: export GPG_TTY=$(tty), and sign something once",
    ),
    _cause(
        r"gpg failed to sign the data",
        "gpg did not sign, and git does not tell why",
        "try it: echo x | gpg --clearsign (with a key of its own: --local-user KEYID)",
    ),
)
_FAILED = ("gpg failed", "failed to write commit object", "unable to sign the tag")


def explained(text: str, name: str, *, signing: bool = False) -> ReconcilerError:
    """Return the error for git's standard error `text`, when it was writing `name`. `signing`: it was to sign it."""
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
    if "No space left on device" in text:
        return SourceError(
            f"git cannot write {name}: no space is left", code="E306", hint="free some, and run the same command again"
        )
    if _NOT_WRITABLE.search(text) is not None:
        return SourceError(
            f"git cannot write {name}: this user may not write to the repository's .git",
            code="E306",
            hint="make the clone your own (chown), or run it as the user who owns it",
        )
    if "cannot lock ref" in text:
        return ConflictError(
            f"{name} was created by another command in the meantime, or its name conflicts with another branch's",
            hint="run the same command again; if it stays, see `git branch --list`",
        )
    if (setting := _BAD_SETTING.search(text)) is not None:
        return SourceError(
            f"git does not understand the value of {setting[1]}",
            code="E306",
            hint=f"see `git config --show-origin --get-all {setting[1]}`, and set it anew",
        )
    return _unsigned(text) if signing or any(words in text for words in _FAILED) else _refused(text)


def _unsigned(text: str) -> SourceError:
    """Return why nothing was signed."""
    for cause in _SIGNING:
        if (said := cause.says.search(text)) is not None:
            groups = [visible(group)[:LONGEST] for group in said.groups()]
            problem, remedy = cause.problem.format(*groups), cause.remedy.format(*groups)
            return SourceError(f"git could not sign: {problem}", code="E306", hint=f"{remedy}; {_OFF}")
    last = _last_line(text)
    return SourceError(
        f"git could not sign{f': {last}' if last else ''}", code="E306", hint=f"check user.signingKey, {_OFF}"
    )


def _refused(text: str) -> SourceError:
    return SourceError(
        f"git refused: {_last_line(text) or 'no message'}",
        code="E306",
        hint="`reconciler doctor` checks the repository; git fsck checks its objects",
    )


def _last_line(text: str) -> str:
    """Return the last line that says something."""
    lines = [visible(line).strip() for line in text.splitlines()]
    telling = [line for line in lines if line.removeprefix("error:").removeprefix("fatal:").strip()]
    return telling[-1][:LONGEST] if telling else ""
