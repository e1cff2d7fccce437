"""Read the pin, gates, labels and policy of an earlier commit's manifest, without checking all of it by today's rules.

An old document may have been written for another version of this tool. Only the requested part is read; where its form
is unknown, the answer is None or an `UnreadableError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from reconciler.core.digest import Digest, is_digest
from reconciler.core.judging.applicable_gates import GateSubject
from reconciler.core.spec.environment import Environment, Policy
from reconciler.core.spec.gates import Gate
from reconciler.core.spec.recipe import Task
from reconciler.errors import ReconcilerError
from reconciler.manifest.yaml.parse import BadDocumentError, read

LONGEST = 256  # documents kept; most of one apply's models came with one change
SMALL = 64 * 1024  # bytes of a document that is kept


class UnreadableError(ReconcilerError):
    """An earlier manifest whose requested part has a form that this version does not know."""


def pinned(body: bytes) -> Digest | None:
    """Return the artifact that a model's manifest pins, or None. Raises UnreadableError."""
    artifact = _spec(body).get("artifact")
    return Digest(artifact) if isinstance(artifact, str) and is_digest(artifact) else None


def proposed(body: bytes) -> int:
    """Return how often a model's manifest proposes its pin again; 0 where it does not say. Raises UnreadableError."""
    count = _spec(body).get("proposed", 0)
    return count if type(count) is int else 0


def gates(body: bytes) -> tuple[Gate, ...]:
    """Return a model's own gates. Raises UnreadableError."""
    from reconciler.manifest.schema.gates import Gates

    try:
        return tuple(gate.value() for gate in Gates.model_validate({"gates": _spec(body).get("gates", [])}).gates)
    except ValueError as error:  # pydantic's
        raise UnreadableError("the gates of the earlier manifest have an unknown form") from error


def subject(body: bytes) -> GateSubject:
    """Return the parts of a model that decide which gates applied to it.

    Raises UnreadableError.
    """
    recipe, labels = _spec(body).get("recipe"), _section(body, "metadata").get("labels", {})
    if not isinstance(labels, dict):
        raise UnreadableError("the labels of the earlier manifest have an unknown form")
    task = recipe.get("task") if isinstance(recipe, dict) else None
    return GateSubject(
        task=Task(task) if task in tuple(Task) else None,
        labels=tuple(sorted((str(name), str(label)) for name, label in labels.items())),
        slices=tuple(_slices(_spec(body).get("evaluation"))) or None,
    )


def _slices(evaluation: object) -> Iterator[tuple[str, str]]:
    """Yield name and expression of each declared slice, as far as they have the form that is known."""
    declared = evaluation.get("slices") if isinstance(evaluation, dict) else None
    for each in declared if isinstance(declared, list) else ():
        name, text = (each.get("name"), each.get("expression")) if isinstance(each, dict) else (each, f'"{each}"')
        if isinstance(name, str) and isinstance(text, str):
            yield name, text.strip()


def environment(body: bytes) -> Environment:
    """Return an environment as an earlier manifest declared it. Raises UnreadableError."""
    return _cached_environment(body) if len(body) <= SMALL else _environment(body)


@lru_cache(maxsize=LONGEST)
def _cached_environment(body: bytes) -> Environment:
    return _environment(body)


def _environment(body: bytes) -> Environment:
    from reconciler.manifest.loading.to_core import environment_of
    from reconciler.manifest.schema.documents import Environment as Document

    try:
        data = read("manifest", body).data()
        return environment_of(Document.model_validate(data), runtime=None)
    except (ValueError, BadDocumentError) as error:  # pydantic's, or no YAML at all
        raise UnreadableError("the earlier environment has an unknown form") from error


def policy(body: bytes) -> Policy:
    """Return an environment's policy. Raises UnreadableError."""
    from reconciler.manifest.loading.to_core import policy_of
    from reconciler.manifest.schema.documents import Policy as Document

    try:
        return policy_of(Document.model_validate(_spec(body).get("policy", {})))
    except ValueError as error:
        raise UnreadableError("the policy of the earlier manifest has an unknown form") from error


def _spec(body: bytes) -> dict[str, Any]:
    return _section(body, "spec")


def _section(body: bytes, name: str) -> dict[str, Any]:
    try:
        section = (_cached(body) if len(body) <= SMALL else _read(body)).get(name)
    except BadDocumentError as error:
        raise UnreadableError("the earlier manifest is not readable YAML") from error
    return section if isinstance(section, dict) else {}


@lru_cache(maxsize=LONGEST)
def _cached(body: bytes) -> dict[str, Any]:
    return _read(body)


def _read(body: bytes) -> dict[str, Any]:
    data = read("manifest", body).data()
    return data if isinstance(data, dict) else {}
