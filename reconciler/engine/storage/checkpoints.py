"""Read the anchors of journals from tags of git, and check each tag and their chain."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from reconciler import codec
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.inspect.audit import AuditFinding
from reconciler.core.inspect.journal_checkpoint import PREFIX, Checkpoint, CheckpointHead, number_of
from reconciler.errors import IntegrityError
from reconciler.ports import Tag, Tags

NEWEST = 3  # anchors that a plan looks at: those of other environments or projects may be among them
GIT = "git"  # where a finding about a tag itself is
_FETCH = "run `git fetch --tags`; if the remote has no such tag either, somebody deleted or replaced it there"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointsRead:
    """Anchors of the repository, by number, and what is wrong with their tags."""

    anchors: dict[int, Checkpoint]
    digests: dict[int, Digest]
    signed: frozenset[int]
    findings: tuple[AuditFinding, ...]
    place: str

    def of(self, project: str) -> list[Checkpoint]:
        """Return the project's anchors by number."""
        return [checkpoint for _, checkpoint in sorted(self.anchors.items()) if checkpoint.is_of(project, self.place)]


def read(tags: Tags) -> CheckpointsRead:
    """Read every anchor of the repository, and check each tag and the chain of their digests."""
    anchors: dict[int, Checkpoint] = {}
    digests: dict[int, Digest] = {}
    signed: set[int] = set()
    findings: list[AuditFinding] = []
    tag_of = {n: tag for tag in tags.under(PREFIX) if (n := number_of(tag.name)) is not None}
    for n in range(max(tag_of, default=-1) + 1):
        name = f"{PREFIX}{n}"
        if n not in tag_of:
            findings.append(_about(name, "this anchor tag is missing, though later ones exist", _FETCH))
            continue
        body = _body(tag_of[n])
        try:
            checkpoint = codec.decode(Checkpoint, body, what=name)
        except IntegrityError:
            findings.append(_about(name, "reconciler did not write this tag", _FETCH))
            continue
        if (
            checkpoint.n != n
            or checkpoint.commit != tag_of[n].commit
            or (n - 1 in digests and checkpoint.previous != digests[n - 1])
        ):
            findings.append(
                _about(name, "this anchor tag does not follow the one before, or tags another commit", _FETCH)
            )
        anchors[n], digests[n] = checkpoint, digest_of_bytes(body)
        if tag_of[n].signed:
            signed.add(n)
    return CheckpointsRead(
        anchors=anchors, digests=digests, signed=frozenset(signed), findings=tuple(findings), place=tags.place
    )


def newest_heads(tags: Tags, project: str) -> dict[tuple[str, str], tuple[int, CheckpointHead]]:
    """Return the last anchored head of each journal (environment, model), with its anchor's number, by the newest
    anchors alone, which cost one question to git. What they are worth is checked by `read`."""
    anchors: list[Checkpoint] = []
    for tag in tags.under(PREFIX, newest=NEWEST):
        with suppress(IntegrityError):
            anchors.append(codec.decode(Checkpoint, _body(tag), what=tag.name))
    heads: dict[tuple[str, str], tuple[int, CheckpointHead]] = {}
    for checkpoint in sorted(anchors, key=lambda anchor: anchor.n):
        if checkpoint.is_of(project, tags.place):
            heads.update({head.journal: (checkpoint.n, head) for head in checkpoint.heads})
    return heads


def _body(tag: Tag) -> bytes:
    return tag.message.partition("\n\n")[2].strip().encode()


def _about(name: str, problem: str, remedy: str) -> AuditFinding:
    return AuditFinding(environment=GIT, where=name, problem=problem, remedy=remedy)
