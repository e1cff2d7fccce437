"""Tags of git: read by plumbing, written with the user's identity and signing.

A tag is signed where `tag.gpgSign` (or `tag.forceSignAnnotated`) says so, and where neither says anything, but a
signing key is configured.
"""

from __future__ import annotations

import re
from operator import attrgetter
from pathlib import Path

from reconciler.adapters.git.objects import objects_of, sizes_of
from reconciler.adapters.git.plumbing import Git, check_revision, prefix_of, root_of, top_of
from reconciler.adapters.git.refusals import explained
from reconciler.adapters.git.writing import GitWriter
from reconciler.core.forge.project_place import place_of
from reconciler.core.size_limits import TAG_BYTES, TAGS_BYTES
from reconciler.errors import ConflictError
from reconciler.ports import Tag

_SIGNATURE = re.compile(r"(?m)^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE|SIGNED MESSAGE)-----$")
_REFS = "refs/tags/"


class GitTags:
    """`project` is any folder of the repository: tags are the whole repository's, as they are when first asked for."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._git = Git(project)
        self._listed: dict[tuple[str, int | None], tuple[Tag, ...]] = {}
        self._counts: dict[str, int] = {}  # of all tags under a prefix, where they were listed

    @property
    def place(self) -> str:
        return place_of(prefix_of(self._project, root_of(self._project)))

    def under(self, prefix: str, *, newest: int | None = None) -> tuple[Tag, ...]:
        if newest is not None and self._counts.get(prefix, newest + 1) <= newest:
            newest = None
        if (prefix, newest) not in self._listed:
            self._listed[prefix, newest] = self._under(prefix, newest)
        return self._listed[prefix, newest]

    def _under(self, prefix: str, newest: int | None) -> tuple[Tag, ...]:
        check_revision(prefix + "0")
        # Of the tags themselves nothing but the type: git would read a tag whole to tell what it points at.
        form = "%(objectname) %(objecttype) %(refname)"
        chosen = ("--sort=-version:refname", f"--count={newest}") if newest is not None else ()
        out = self._git.run("for-each-ref", *chosen, f"--format={form}", f"{_REFS}{prefix.rstrip('/')}")
        listed = [line.split(" ", 2) for line in out.decode("utf-8", "surrogateescape").splitlines()]
        named = [(ref.removeprefix(_REFS), object_id, kind) for object_id, kind, ref in listed]
        named = [(name, object_id, kind) for name, object_id, kind in named if name.startswith(prefix)]
        sizes = sizes_of(self._git, [object_id for _, object_id, kind in named if kind == "tag"], "tag")
        bodies = objects_of(self._git, sizes, largest=TAG_BYTES, together=TAGS_BYTES)
        tags = [Tag(name=name, commit=at, message="", signed=False) for name, at, kind in named if kind == "commit"]
        tags += [_tag(name, bodies[tag]) for name, tag, kind in named if kind == "tag" and _is_of_commit(bodies[tag])]
        found = tuple(sorted(tags, key=attrgetter("name")))
        if newest is None or len(listed) < newest:  # there are no more of them
            self._counts[prefix] = len(listed)
            self._listed[prefix, None] = found
        return found

    def _forget(self) -> None:
        self._listed.clear()
        self._counts.clear()

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
            raise explained(error, f"tag {name}", signing=signs)
        self._forget()
        created = next(tag for tag in self.under(name) if tag.name == name)
        if signs and not created.signed:  # git 2.39 creates it all the same where an SSH key cannot be read
            git.run("tag", "--delete", name)
            self._forget()
            raise explained(error, f"tag {name}", signing=True)
        return created


def _is_of_commit(body: bytes) -> bool:
    return body.split(b"\n", 2)[1:2] == [b"type commit"]


def _tag(name: str, body: bytes) -> Tag:
    """Return the tag `name` from its object: "object ID", "type commit" and other lines, then the message."""
    fields, _, text = body.decode("utf-8", "replace").partition("\n\n")
    signature = _SIGNATURE.search(text)
    return Tag(
        name=name,
        commit=fields.split("\n", 1)[0].removeprefix("object "),
        message=text[: signature.start()] if signature else text,
        signed=bool(signature) or "\ngpgsig" in fields,
    )


def _signs(git: GitWriter) -> bool:
    for setting in ("tag.gpgSign", "tag.forceSignAnnotated"):
        if (value := git.switch(setting)) is not None:
            return value
    return bool(git.ask("config", "--get", "user.signingKey"))
