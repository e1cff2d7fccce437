"""Tell from the versions and aliases of an MLflow registry what is deployed there, and whether its bytes are right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.adapters.registries import mlflow_records
from reconciler.adapters.registries.mlflow_artifacts import MlflowArtifacts, path_of
from reconciler.adapters.registries.mlflow_client import MlflowServer
from reconciler.adapters.registries.mlflow_records import RegisteredVersion
from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.observed_state import DriftType, LiveDeployment
from reconciler.core.artifact.target_ownership import TargetRules
from reconciler.core.digest import Digest
from reconciler.errors import IntegrityError, TargetError

_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredModel:
    """A registered model: its tags, and the version that our alias names (0: none)."""

    tags: Mapping[str, str]
    alias: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenVersions:
    """The newest version of ours, of the highest entry, and the one that the alias names. `lost`: the alias names a
    version that is not there."""

    newest: RegisteredVersion | None
    served: RegisteredVersion | None
    lost: bool = False


class MlflowVersions:
    """The deployments of one environment in a registry. Raises what the server does."""

    def __init__(self, server: MlflowServer, artifacts: MlflowArtifacts, rules: TargetRules) -> None:
        self._server, self._artifacts, self._rules = server, artifacts, rules
        self._environment = rules.mark.environment

    def registered(self) -> dict[str, RegisteredModel]:
        """Return all registered models by name."""
        listed = self._server.all("registered-models/search", "registered_models", max_results=_PAGE)
        return {str(each["name"]): self._read(each) for each in listed if isinstance(each, dict) and "name" in each}

    def of(self, model: str) -> RegisteredModel | None:
        found = self._server.find("registered-models/get", name=model)
        return self._read(found.get("registered_model", {})) if found is not None else None

    def _read(self, document: Any) -> RegisteredModel:
        try:
            alias = mlflow_records.aliases_of(document).get(self._environment, 0)
            return RegisteredModel(tags=mlflow_records.pairs(document.get("tags")), alias=alias)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"the tracking server {self._server.address} describes no registered model"
            raise TargetError(message, code="E611", hint="it must be MLflow 2.3 or later") from error

    def is_ours(self, model: str, registered: RegisteredModel, *, raises: bool = False) -> bool:
        """Tell whether the environment's alias of a model is ours; with `raises`, IntegrityError for another owner."""
        what = f"the tag {mlflow_records.owner_tag(self._environment)} of {model}"
        try:
            mark = mlflow_records.owner_of(registered.tags, self._environment, what)
        except IntegrityError:
            if raises:
                raise
            return False
        if mark is None:
            return False
        if raises:
            self._rules.check_mark(mark)
        return mark == self._rules.mark

    def look(self, model: str, registered: RegisteredModel) -> SeenVersions:
        listed = self._server.all(
            "model-versions/search", "model_versions", filter=f"name='{model}'", max_results=_PAGE
        )
        versions = {each.number: each for each in map(mlflow_records.version_of, listed) if each is not None}
        ours = [
            (each.pointer.n, each.number)
            for each in versions.values()
            if each.pointer is not None and self._rules.is_ours(each.pointer, model)
        ]
        served = versions.get(registered.alias)
        return SeenVersions(
            newest=versions[max(ours)[1]] if ours else None,
            served=served,
            lost=bool(registered.alias) and served is None,
        )

    def live(self, model: str, registered: RegisteredModel) -> LiveDeployment | None:
        seen = self.look(model, registered)
        served = seen.served
        if served is None and seen.newest is None and not seen.lost:
            return None
        alias = f"alias {self._environment}"
        if served is not None and (served.pointer is None or not self._rules.is_ours(served.pointer, model)):
            alias = f"{alias} or the tags of version {served.number}"
        current = self._pointer(seen, model)
        if current is None:
            if served is None and not seen.lost:
                return None
            return LiveDeployment(model=model, current=None, drift=DriftType.UNREADABLE, files=(alias,))
        if served is None or served.pointer is None or current.artifact != served.pointer.artifact:
            return LiveDeployment(model=model, current=current)
        wrong = self._differing(served, current.artifact) if current.artifact is not None else ()
        return LiveDeployment(model=model, current=current, drift=DriftType.TAMPERED if wrong else None, files=wrong)

    def _pointer(self, seen: SeenVersions, model: str) -> ReleasePointer | None:
        """Return what the alias says together with the versions; None where nothing, or nothing that can be used."""
        newest, served = seen.newest, seen.served
        if newest is None or newest.pointer is None or seen.lost:
            return None
        wanted = newest.pointer
        if served is None:
            if wanted.artifact is not None and not newest.placed and not newest.before:
                return None
            return replace(wanted, artifact=None)
        said = served.pointer
        if said is None or not self._rules.is_ours(said, model):
            return None
        moves = not newest.placed and served.number == newest.before
        if served.number == newest.number or moves or said.artifact == wanted.artifact:
            return said
        return replace(wanted, artifact=said.artifact)

    def _differing(self, version: RegisteredVersion, artifact: Digest) -> tuple[str, ...]:
        base = path_of(version.source)
        if base is None:
            return (f"source of version {version.number}",)
        status = () if version.is_ready else (f"status of version {version.number}",)
        return (*status, *self._artifacts.differing(base, artifact))
