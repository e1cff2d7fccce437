"""The models that are served at this moment, and what is told of them in every answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.ports.serving.changes import VerifiedRelease
from reconciler.serving.answers import OutputTensor, outputs_of
from reconciler.serving.served_model import ServedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedRelease:
    """A model as it is served. It is replaced whole: a request that began with one ends with it. `head`: members of
    each answer; `headers`: those of HTTP."""

    model: ServedModel
    release: VerifiedRelease
    outputs: tuple[OutputTensor, ...]
    head: dict[str, Any]
    headers: dict[str, str]


def served_release(model: ServedModel, release: VerifiedRelease, environment: str | None) -> ServedRelease:
    """Return what is served of a release, and told of it."""
    told: dict[str, Any] = {"artifact": release.artifact}
    headers: dict[str, str] = {"reconciler-artifact": release.artifact}
    if release.entry is not None:
        told |= {"entry": release.entry, "n": release.n}
        headers["reconciler-entry"] = release.entry
    if environment is not None:
        told["environment"] = environment
    head = {"model_name": release.model, "model_version": version_of(release), "parameters": told}
    return ServedRelease(model=model, release=release, outputs=outputs_of(model), head=head, headers=headers)


def version_of(release: VerifiedRelease) -> str:
    """Return the version of a release in the protocol: the number of its journal entry, else its digest."""
    return str(release.n) if release.n is not None else release.artifact


class ServedModels:
    """What is served, by model. `refused`: of a model whose newest release is not served, why; `trouble`: why nothing
    newer can be seen; `looked`: whether all models were looked at once."""

    def __init__(self) -> None:
        self._served: dict[str, ServedRelease] = {}
        self.refused: dict[str, str] = {}
        self.trouble: str | None = None
        self.looked = False

    def __iter__(self) -> Iterator[ServedRelease]:
        return iter(tuple(self._served.values()))

    def get(self, name: str) -> ServedRelease | None:
        """Return what is served of a model, or None."""
        return self._served.get(name)

    def serve(self, served: ServedRelease) -> bool:
        """Serve a release from now on; return whether another artifact of the model was served before."""
        name = served.release.model
        before = self._served.get(name)
        self._served[name] = served
        self.refused.pop(name, None)
        return before is not None and before.release.artifact != served.release.artifact

    def refuse(self, name: str, reason: str) -> None:
        """Remember why a release is not served; what was served goes on."""
        self.refused[name] = reason

    def retire(self, name: str) -> None:
        """Serve nothing of a model any more."""
        self._served.pop(name, None)
        self.refused.pop(name, None)

    @property
    def ready(self) -> bool:
        """Tell whether every deployed model is served, be it by an earlier release."""
        return self.looked and self.refused.keys() <= self._served.keys()
