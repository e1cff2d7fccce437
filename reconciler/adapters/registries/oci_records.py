"""Write and read what an OCI repository holds beside the artifacts that are deployed from it: tags and records. Pure.

    <model>.<environment>        the artifact that is served, with the digest that it has in the store
    <model>.<environment>.<n>    the record of journal entry n: a manifest whose `subject` is the artifact
    _owner.<environment>         the project and environment that these tags belong to

Names have no dots and begin with a letter, so no two tags of different meaning are equal. Format: OCI image-spec v1.1,
an image manifest with the empty config and layer; what it says stands in its annotations, each a checksummed record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler import codec
from reconciler.core.artifact.journal import ReleasePointer, StoreMark
from reconciler.core.artifact.oci_artifact import MANIFEST_TYPE
from reconciler.core.digest import digest_of_bytes
from reconciler.core.names import is_name
from reconciler.core.package.layout import descriptor_of
from reconciler.core.trust.attestation import EMPTY_CONFIG, EMPTY_TYPE
from reconciler.errors import IntegrityError

DEPLOYMENT_TYPE = "application/vnd.model-reconciler.deployment.v1+json"
OWNER_TYPE = "application/vnd.model-reconciler.owner.v1+json"
NOTHING_TYPE = "application/vnd.model-reconciler.nothing.v1+json"
LONGEST_TAG = 128  # OCI distribution-spec v1.1
_POINTER = "dev.model-reconciler.pointer"
_BEFORE = "dev.model-reconciler.before"
_STATE = "dev.model-reconciler.state"
_OWNER = "dev.model-reconciler.owner"
_PLACING, _PLACED = "placing", "placed"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRecord:
    """What is known of one journal entry in a repository.

    `placed`: the tag was moved to it. Until then, `before` is what the tag named (None: there was no tag), and a tag
    that names it still is one that was not moved yet, which nobody has interfered with.
    """

    pointer: ReleasePointer
    placed: bool
    before: ReleasePointer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTags:
    """The tags of one model: whether there is the one that is served, and the numbers of its records, newest first."""

    served: bool = False
    records: tuple[int, ...] = ()


def served_tag(model: str, environment: str) -> str:
    """Return the tag that servers read."""
    return f"{model}.{environment}"


def record_tag(model: str, environment: str, n: int) -> str:
    """Return the tag of the record of a journal entry."""
    return f"{model}.{environment}.{n}"


def owner_tag(environment: str) -> str:
    """Return the tag of the owner's mark of an environment."""
    return f"_owner.{environment}"


def tags_of(tags: Iterable[str], environment: str) -> dict[str, ModelTags]:
    """Return the tags of an environment by model."""
    served, records = set[str](), dict[str, list[int]]()
    for tag in tags:
        model, _, rest = tag.partition(".")
        place, dot, number = rest.partition(".")
        if place != environment or not is_name(model):
            continue
        if not dot:
            served.add(model)
        elif _NUMBER.fullmatch(number):
            records.setdefault(model, []).append(int(number))
    return {
        model: ModelTags(served=model in served, records=tuple(sorted(records.get(model, ()), reverse=True)))
        for model in sorted(served | records.keys())
    }


def nothing() -> bytes:
    """Return the manifest that the served tag names where nothing is served: a registry need not remove tags."""
    return _manifest(NOTHING_TYPE, {}, None)


def mark_manifest(mark: StoreMark) -> bytes:
    """Return the manifest of an owner's mark."""
    return _manifest(OWNER_TYPE, {_OWNER: codec.encode(mark).decode()}, None)


def mark_of(body: bytes, what: str) -> StoreMark:
    """Read an owner's mark; IntegrityError for a damaged one."""
    return codec.decode(StoreMark, _annotations(body, OWNER_TYPE).get(_OWNER, "").encode(), what=what)


def record_manifest(record: DeploymentRecord, artifact: bytes | None) -> bytes:
    """Return the manifest of a record. `artifact`: the manifest of the artifact that it is of."""
    said = {_POINTER: codec.encode(record.pointer).decode(), _STATE: _PLACED if record.placed else _PLACING}
    if record.before is not None:
        said[_BEFORE] = codec.encode(record.before).decode()
    return _manifest(DEPLOYMENT_TYPE, said, artifact)


def record_of(body: bytes) -> DeploymentRecord | None:
    """Read a record; None for what is none, or is damaged."""
    said = _annotations(body, DEPLOYMENT_TYPE)
    if _POINTER not in said or said.get(_STATE) not in (_PLACING, _PLACED):
        return None
    try:
        return DeploymentRecord(
            pointer=_pointer(said[_POINTER]),
            placed=said[_STATE] == _PLACED,
            before=_pointer(said[_BEFORE]) if _BEFORE in said else None,
        )
    except IntegrityError:
        return None


def _pointer(text: str) -> ReleasePointer:
    return codec.decode(ReleasePointer, text.encode(), what="a record of the repository")


def _annotations(body: bytes, kind: str) -> dict[str, str]:
    """Return the annotations of a manifest of one kind; none of another one, or of what is no manifest."""
    try:
        document = json.loads(body)
        said = document["annotations"] if document["artifactType"] == kind else {}
        return {name: text for name, text in said.items() if isinstance(text, str)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _manifest(kind: str, annotations: dict[str, str], subject: bytes | None) -> bytes:
    empty = descriptor_of(EMPTY_TYPE, digest_of_bytes(EMPTY_CONFIG), len(EMPTY_CONFIG))
    return codec.canonical(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": kind,
            "config": empty,
            "layers": [empty],
            **({"annotations": annotations} if annotations else {}),
            **(
                {"subject": descriptor_of(MANIFEST_TYPE, digest_of_bytes(subject), len(subject))}
                if subject is not None
                else {}
            ),
        }
    )
