"""Tags of git: read by plumbing, written with the user's identity and signing.

A tag is signed where `tag.gpgSign` (or `tag.forceSignAnnotated`) says so, and where neither says anything, but a
signing key is configured.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from reconciler.adapters.git.plumbing import Git, check_revision, top_of
from reconciler.adapters.git.write_settings import environment, explained
from reconciler.errors import ConflictError, SourceError
from reconciler.ports import Tag

_SIGNATURE = re.compile(r"(?m)^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE|SIGNED MESSAGE)-----$")
_REFS = "refs/tags/"


class GitTags:
    """`project` is any folder of the repository: tags are the whole repository's."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._git = Git(project)

    def under(self, prefix: str) -> tuple[Tag, ...]:
        check_revision(prefix + "0")
        form = "%(objectname) %(objecttype) %(*objectname) %(*objecttype) %(refname)"
        out = self._git.run("for-each-ref", f"--format={form}", f"{_REFS}{prefix.rstrip('/')}")
        listed = []
        for line in out.decode("utf-8", "surrogateescape").splitlines():
            tag, kind, peeled, inner, ref = line.split(" ", 4)
            name = ref.removeprefix(_REFS)
            if name.startswith(prefix) and "commit" in (kind, inner):
                listed.append((name, tag, peeled if kind == "tag" else ""))
        texts = self._texts([tag for _, tag, peeled in listed if peeled])
        found = []
        for name, tag, peeled in listed:
            message, signed = texts[tag] if peeled else ("", False)
            found.append(Tag(name=name, commit=peeled or tag, message=message, signed=signed))
        return tuple(sorted(found, key=lambda one: one.name))

    def _texts(self, ids: list[str]) -> dict[str, tuple[str, bool]]:
        """Message and whether there is a signature, by the tag's own id."""
        out = self._git.run("cat-file", "--batch", stdin="".join(f"{one}\n" for one in ids).encode()) if ids else b""
        found: dict[str, tuple[str, bool]] = {}
        at = 0
        for one in ids:
            end = out.find(b"\n", at)
            header = out[at:end].split()
            if end < 0 or len(header) != 3 or header[1] != b"tag":
                raise SourceError(f"tag {one[:12]} is missing", code="E306", hint="check the repository: git fsck")
            size = int(header[2])
            fields, _, text = out[end + 1 : end + 1 + size].decode("utf-8", "replace").partition("\n\n")
            signature = _SIGNATURE.search(text)
            found[one] = (text[: signature.start()] if signature else text, bool(signature) or "\ngpgsig" in fields)
            at = end + 1 + size + 1
        return found

    def create(self, name: str, *, commit: str, message: str) -> Tag:
        from git import GitCommandError, Repo

        check_revision(name)
        check_revision(commit)
        with Repo(top_of(self._project)) as repository, tempfile.TemporaryDirectory() as scratch:
            git = repository.git
            text = Path(scratch) / "message"
            text.write_bytes(message.encode())
            with git.custom_environment(**environment()):
                signs = _signs(git)
                try:
                    sign = "--sign" if signs else "--no-sign"
                    git.tag("--annotate", sign, "--cleanup=verbatim", f"--file={text}", "--", name, commit)
                except GitCommandError as error:
                    if "already exists" in str(error.stderr):
                        raise ConflictError(
                            f"there is a tag {name} already", hint="run the same command again", code="E702"
                        ) from error
                    raise explained(error, f"tag {name}") from error
                made = next(one for one in self.under(name) if one.name == name)
                if signs and not made.signed:  # git 2.39 makes it all the same where an SSH key cannot be read
                    git.tag("--delete", name)
                    raise SourceError(
                        "git could not sign the tag",
                        code="E306",
                        hint="check user.signingKey, or switch signing off: git config tag.gpgSign false",
                    )
        return made


def _signs(git: Any) -> bool:
    for setting in ("tag.gpgSign", "tag.forceSignAnnotated"):
        said = str(git.config("--type=bool", "--get", setting, with_exceptions=False))
        if said:
            return said == "true"
    return bool(str(git.config("--get", "user.signingKey", with_exceptions=False)))
