"""A target in an MLflow model registry: a version per journal entry, and an alias per environment that names one.

A version is created, with its files read back and its tags, before the alias moves to it. A registry compares nothing
when an alias moves, so it is done as in a registry of images (`oci_target`): a version says that it is not placed yet
until the alias was moved, and who finds a version of a later entry moves the alias there, and reports a conflict.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from reconciler import codec
from reconciler.adapters.executors.thread_map import parallel_map
from reconciler.adapters.registries import mlflow_records
from reconciler.adapters.registries.mlflow_artifacts import MlflowArtifacts, path_of
from reconciler.adapters.registries.mlflow_client import ABSENT, EXISTS, MlflowServer
from reconciler.adapters.registries.mlflow_records import RegisteredVersion
from reconciler.adapters.registries.mlflow_versions import MlflowVersions, RegisteredModel
from reconciler.core.artifact.journal import ReleasePointer, StoreMark
from reconciler.core.artifact.observed_state import LiveDeployment
from reconciler.core.artifact.target_ownership import TargetRules
from reconciler.core.digest import hex_of
from reconciler.core.names import is_name
from reconciler.core.storage.location import StorageLocation
from reconciler.errors import ConflictError, IntegrityError, TargetError
from reconciler.ports import StorageAccess

AT_ONCE = 8  # models that are observed in parallel
_TRIES = 8  # later entries that a late writer follows
_RESERVED = re.compile(r"latest|v[0-9]+")
_NO_LABELS: Mapping[str, str] = MappingProxyType({})


def open_target(location: StorageLocation, access: StorageAccess) -> MlflowTarget:
    given = location.setting("tracking") or ""
    kind, _, name = given.partition(":")
    address = os.environ.get(name, "").strip() if kind == "env" else given
    if not address:
        raise TargetError(
            f"the variable {name} is not set, which is to name the MLflow tracking server of {access.environment}",
            code="E602",
            hint=f"set {name}=https://HOST",
        )
    folder = hashlib.sha256(given.encode()).hexdigest()[:16]
    server = MlflowServer(address, os.environ, trusted=kind == "env")
    return MlflowTarget(
        server, access.scratch / f"target-{folder}", project=access.project, environment=access.environment
    )


class MlflowTarget:
    """Implements ports.Target and ports.LabelledTarget. `folder`: for downloaded releases."""

    def __init__(self, server: MlflowServer, folder: Path, *, project: str, environment: str) -> None:
        self.server = server
        self._artifacts = MlflowArtifacts(server)
        self._folder = folder
        self._environment = environment
        self._rules = TargetRules(mark=StoreMark(project=project, environment=environment), where=server.address)
        self._versions = MlflowVersions(server, self._artifacts, self._rules)

    def observe(self, models: Iterable[str], *, others: bool = True) -> tuple[LiveDeployment, ...]:
        known = self._versions.registered()
        wanted = set(models) & known.keys()
        ours = {
            name for name in known if is_name(name) and self._versions.is_ours(name, known[name], raises=name in wanted)
        }
        names = sorted(wanted | ours if others else wanted)
        found = parallel_map(lambda name: self._versions.live(name, known[name]), names, at_once=AT_ONCE)
        return tuple(deployment for deployment in found if deployment is not None)

    def place(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        self.place_labelled(current, files, _NO_LABELS)

    def place_labelled(self, current: ReleasePointer, files: Mapping[str, Path], labels: Mapping[str, str]) -> None:
        """Place a release, and show people besides what it rests on."""
        self._rules.check_belongs(current)
        if _RESERVED.fullmatch(self._environment):
            raise TargetError(
                f"MLflow takes no alias {self._environment!r}, so that environment cannot be one of its targets",
                code="E623",
                hint="give the environment another name",
            )
        model = current.model
        before = self._claim(model)
        seen = self._versions.look(model, before)
        newest = seen.newest
        self._rules.check_newer(current, newest.pointer if newest is not None else None)
        if newest is None or newest.pointer != current:
            version = self._version(current, before.alias, files, labels)
        else:
            version = newest
            if current.artifact is not None and (base := path_of(version.source)) is not None:
                self._artifacts.put(base, current.artifact, files)
        if version is newest and version.placed and before.alias == _aliased(version):
            return
        self._move(model, version)
        self._follow(current)
        self._set(model, version.number, mlflow_records.PLACED, "yes")

    def release(self, model: str) -> Path | None:
        registered = self._versions.of(model)
        if registered is None:
            return None
        served = self._versions.look(model, registered).served
        if served is None or served.pointer is None or served.pointer.artifact is None:
            return None
        base = path_of(served.source)
        folder = self._folder / model / hex_of(served.pointer.artifact)
        there = base is not None and self._artifacts.take(base, served.pointer.artifact, folder)
        return folder if there else None

    def traces(self) -> frozenset[str]:
        return frozenset(
            name
            for name, each in self._versions.registered().items()
            if is_name(name) and self._versions.is_ours(name, each)
        )

    def pointers(self) -> Mapping[str, str]:
        known = self._versions.registered()
        return {
            name: str(each.alias)
            for name, each in known.items()
            if is_name(name) and self._versions.is_ours(name, each)
        }

    def reach(self) -> None:
        self.server.get("registered-models/search", max_results=1)

    def probe(self) -> None:
        """Upload the artifact `reconciler-probe/probe`, read it back, and remove it."""
        self.server.put("reconciler-probe/probe", b"{}")
        if self.server.read("reconciler-probe/probe", 2) != b"{}":
            raise TargetError(f"{self.server.address} does not give back what was uploaded", code="E611")
        self.server.remove("reconciler-probe/probe")

    # --- writing -------------------------------------------------------------------------------------------------

    def _claim(self, model: str) -> RegisteredModel:
        """Register the model, and mark the environment's alias as ours; IntegrityError E609 where it is another's."""
        registered = self._versions.of(model)
        if registered is None:
            self.server.post("registered-models/create", {"name": model}, but=EXISTS)
            registered = self._versions.of(model) or RegisteredModel(tags={}, alias=0)
        if self._versions.is_ours(model, registered, raises=True):
            return registered
        seen = self._versions.look(model, registered)
        ours = seen.served is not None and seen.served.pointer is not None
        if registered.alias and not (ours and seen.newest is not None):
            raise IntegrityError(
                f"the alias {self._environment} of the registered model {model} in {self.server.address} is another's",
                code="E609",
                hint="remove that alias, or give the model another name: it shall not move under those who load it",
            )
        body = {"name": model, "key": mlflow_records.owner_tag(self._environment)}
        self.server.post("registered-models/set-tag", {**body, "value": codec.encode(self._rules.mark).decode()})
        return registered

    def _version(
        self, current: ReleasePointer, before: int, files: Mapping[str, Path], labels: Mapping[str, str]
    ) -> RegisteredVersion:
        """Upload a release and create the version of its entry, which nothing names yet."""
        run, source = self._artifacts.run_of(current.artifact, current.model)
        if current.artifact is not None and (base := path_of(source)) is not None:
            self._artifacts.put(base, current.artifact, files)
        document = {
            "name": current.model,
            "source": source,
            "run_id": run,
            "description": f"{current.project}: entry {current.n} of the journal of {self._environment}",
            "tags": mlflow_records.as_list(mlflow_records.tags_of(current, before, labels)),
        }
        made = (self.server.post("model-versions/create", document) or {}).get("model_version")
        created = mlflow_records.version_of(made)
        if created is None:
            message = f"{self.server.address} tells no version that it created"
            raise TargetError(message, code="E611", hint="run the same command again")
        found = self.server.get("model-versions/get", name=current.model, version=created.number).get("model_version")
        version = mlflow_records.version_of(found)
        if version is None or version.pointer != current or not version.is_ready:
            state = found.get("status") if isinstance(found, dict) else None
            raise TargetError(
                f"version {created.number} of {current.model} is not ready in {self.server.address}"
                + (f": {state[:40]}" if isinstance(state, str) and state != "READY" else ", or has other tags"),
                code="E611",
                hint="the earlier version is still served; run the same command again",
            )
        return version

    def _move(self, model: str, version: RegisteredVersion) -> None:
        """Move the alias to a version, or remove it where nothing is to be served."""
        alias = {"name": model, "alias": self._environment}
        if _aliased(version):
            self.server.post("registered-models/alias", {**alias, "version": str(version.number)})
        else:
            self.server.delete("registered-models/alias", alias)

    def _follow(self, current: ReleasePointer) -> None:
        """Move the alias on where a later entry has a version by now; ConflictError then."""
        model, late = current.model, current
        for _ in range(_TRIES):
            newest = self._versions.look(model, RegisteredModel(tags={}, alias=0)).newest
            if newest is None or newest.pointer is None or newest.pointer.n <= late.n:
                break
            late = newest.pointer
            self._move(model, newest)
        if late is not current:
            raise ConflictError(
                f"the target got entry {late.n} of {model} while entry {current.n} was written",
                hint="nothing is lost: run the same command again",
            )

    def _set(self, model: str, version: int, key: str, value: str) -> None:
        document = {"name": model, "version": str(version), "key": key, "value": value}
        self.server.post("model-versions/set-tag", document, but=ABSENT)


def _aliased(version: RegisteredVersion) -> int:
    """Return the version that the alias is to name: none, where it says that nothing is served."""
    return version.number if version.pointer is not None and version.pointer.artifact is not None else 0
