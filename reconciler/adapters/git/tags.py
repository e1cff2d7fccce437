"""Tags of git: read by plumbing, written with the user's identity and signing.

A tag is signed where `tag.gpgSign` (or `tag.forceSignAnnotated`) says so, and where neither says anything, but a
signing key is configured.
"""

from __future__ import annotations

import re
from operator import attrgetter
from pathlib import Path

from reconciler.adapters.git.objects import objects_of, sizes_of
from reconciler.adapters.git.plumbing import Git, check_revision, top_of
from reconciler.adapters.git.writing import GitWriter, explained
from reconciler.core.size_limits import TAG_BYTES, TAGS_BYTES
from reconciler.errors import ConflictError, SourceError
from reconciler.ports import Tag

_SIGNATURE = re.compile(r"(?m)^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE|SIGNED MESSAGE)-----$")
_REFS = "refs/tags/"


class GitTags:
    """`project` is any folder of the repository: tags are the whole repository's."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._git = Git(project)

    def under(self, prefix: str, *, newest: int | None = None) -> tuple[Tag, ...]:
        check_revision(prefix + "0")
        form = "%(objectname) %(objecttype) %(*objectname) %(*objecttype) %(refname)"
        chosen = ("--sort=-version:refname", f"--count={newest}") if newest is not None else ()
        out = self._git.run("for-each-ref", *chosen, f"--format={form}", f"{_REFS}{prefix.rstrip('/')}")
        listed = []
        for line in out.decode("utf-8", "surrogateescape").splitlines():
            tag, kind, peeled, inner, ref = line.split(" ", 4)
            name = ref.removeprefix(_REFS)
            if name.startswith(prefix) and "commit" in (kind, inner):
                listed.append((name, tag, peeled if kind == "tag" else ""))
        texts = self._texts([tag for _, tag, peeled in listed if peeled])
        tags = []
        for name, tag, peeled in listed:
            message, signed = texts[tag] if peeled else ("", False)
            tags.append(Tag(name=name, commit=peeled or tag, message=message, signed=signed))
        return tuple(sorted(tags, key=attrgetter("name")))

    def _texts(self, ids: list[str]) -> dict[str, tuple[str, bool]]:
        """Return (message, whether there is a signature) by the tag's own id."""
        bodies = objects_of(self._git, sizes_of(self._git, ids, "tag"), largest=TAG_BYTES, together=TAGS_BYTES)
        texts: dict[str, tuple[str, bool]] = {}
        for tag, body in bodies.items():
            fields, _, text = body.decode("utf-8", "replace").partition("\n\n")
            signature = _SIGNATURE.search(text)
            texts[tag] = (text[: signature.start()] if signature else text, bool(signature) or "\ngpgsig" in fields)
        return texts

    def create(self, name: str, *, commit: str, message: str) -> Tag:
        check_revision(name)
        check_revision(commit)
        git = GitWriter(top_of(self._project), f"tag {name}")
        signs = _signs(git)
        sign = "--sign" if signs else "--no-sign"
        annotate = ("tag", "--annotate", sign, "--cleanup=verbatim", "--file=-", "--", name, commit)
        code, _, error = git.call(*annotate, stdin=message.encode())
        if code != 0:
            if "already exists" in error:
                raise ConflictError(f"there is a tag {name} already", hint="run the same command again", code="E702")
            raise explained(error, f"tag {name}")
        created = next(tag for tag in self.under(name) if tag.name == name)
        if signs and not created.signed:  # git 2.39 creates it all the same where an SSH key cannot be read
            git.run("tag", "--delete", name)
            raise SourceError(
                "git could not sign the tag",
                code="E306",
                hint="check user.signingKey, or switch signing off: git config tag.gpgSign false",
            )
        return created


def _signs(git: GitWriter) -> bool:
    for setting in ("tag.gpgSign", "tag.forceSignAnnotated"):
        if value := git.ask("config", "--type=bool", "--get", setting):
            return value == "true"
    return bool(git.ask("config", "--get", "user.signingKey"))
