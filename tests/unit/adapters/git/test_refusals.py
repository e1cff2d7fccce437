"""Why git refused to write is told by what is missing and what to do, from git's own words."""

from __future__ import annotations

import pytest

from reconciler.adapters.git.refusals import explained
from reconciler.errors import ConflictError

# What git 2.39 and 2.47 say, with gpg's and ssh-keygen's lines; then what a person is told, and what of the remedy.
UNSIGNED = [
    (
        "error: Couldn't load public key /keys/gone.pub: No such file or directory?\n\n",
        "in /keys/gone.pub",
        "user.s",
    ),
    (
        "fatal: either user.signingkey or gpg.ssh.defaultKeyCommand needs to be configured\n",
        "no SSH key",
        "user.signingKey",
    ),
    (
        "fatal: cannot run gpg: No such file or directory\nerror: gpg failed to sign the data\n",
        "program gpg",
        "install it",
    ),
    ("fatal: cannot run /x/ssh-keygen: Permission denied\nerror: \n", "/x/ssh-keygen cannot be run", "gpg.ssh.program"),
    ('error: No private key found for public key "/keys/k.pub"?\n\n', "/keys/k.pub nor an agent", "ssh-add"),
    ('error: Load key "/keys/p": incorrect passphrase supplied to decrypt private key?', "locked", "ssh-add"),
    ("error: sign_and_send_pubkey: signing failed: agent refused operation?", "locked", "ssh-add"),
    ("error: Couldn't get agent socket?\n", "no SSH agent", "ssh-agent"),
    (
        "error: @@@@?\n@ WARNING: UNPROTECTED PRIVATE KEY FILE!  @?\nPermissions 0644 for '/keys/k' are too open.?\n"
        'No private key found for "/keys/k"?\n',
        "others may read the private key /keys/k",
        "chmod 600 /keys/k",
    ),
    (
        "error: gpg failed to sign the data:\ngpg: signing failed: No secret key\nfatal: failed to write commit object",
        "no secret key",
        "--list-secret-keys",
    ),
    (
        "error: gpg failed to sign the data:\ngpg: signing failed: Inappropriate ioctl for device\n",
        "passphrase",
        "GPG_TTY",
    ),
    (
        "error: gpg failed to sign the data\nfatal: failed to write commit object\n",
        "does not tell why",
        "gpg --clearsign",
    ),
]


@pytest.mark.parametrize(("text", "problem", "remedy"), UNSIGNED)
def test_a_signature_that_failed_names_what_is_missing_and_what_to_do(text: str, problem: str, remedy: str) -> None:
    error = explained(text, "branch x", signing=True)
    assert "could not sign" in error.message
    assert problem in error.message
    assert remedy in (error.hint or "")
    assert "commit.gpgSign false" in (error.hint or "")


REFUSED = [
    ("fatal: unable to auto-detect email address (got 'a@b.(none)')\n", "does not know who you are", "user.email"),
    ("fatal: no email was given and auto-detection is disabled\n", "does not know who you are", "user.name"),
    (
        "error: insufficient permission for adding an object to repository database .git/objects\n",
        "may not write",
        "chown",
    ),
    ("error: unable to create temporary file: Read-only file system\n", "may not write", "chown"),
    ("error: unable to write file .git/objects/1: No space left on device\n", "no space", "free some"),
    ("error: bad config variable 'gpg.format' in file '.git/config' at line 12\n", "gpg.format", "--show-origin"),
    ("fatal: bad boolean config value 'maybe' for 'commit.gpgsign'\n", "commit.gpgsign", "--show-origin"),
    ("fatal: bad object\n\nfatal: odd thing\nerror: \n", "git refused: fatal: odd thing", "doctor"),
]


@pytest.mark.parametrize(("text", "problem", "remedy"), REFUSED)
def test_other_refusals_are_told_by_their_cause(text: str, problem: str, remedy: str) -> None:
    error = explained(text, "branch x")
    assert (problem in error.message, remedy in (error.hint or ""), error.code) == (True, True, "E306"), str(error)


def test_what_another_git_command_holds_is_a_conflict_also_while_signing() -> None:
    text = "fatal: Unable to create '/r/.git/index.lock': File exists.\n"
    assert isinstance(explained(text, "branch x", signing=True), ConflictError)
