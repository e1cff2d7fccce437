"""The files of an artifact in MLflow's store of artifacts, by the tracking server's proxy: written, read back, hashed.

MLmodel                     by which `mlflow.pyfunc` loads the folder beside it
releases/<64 hex>/…         the files of the artifact, with its OCI manifest and config
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

from reconciler.adapters.filesystem.release_folder import MANIFEST
from reconciler.adapters.registries.given_release import given_release, layers
from reconciler.adapters.registries.mlflow_client import PROXY, MlflowServer
from reconciler.adapters.registries.mlflow_records import DIGEST, MLMODEL, as_list, mlmodel
from reconciler.core.artifact.target_ownership import RELEASES
from reconciler.core.digest import Digest, digest_of_bytes, hex_of, short
from reconciler.core.size_limits import OBJECT_BYTES, RELEASE_BYTES
from reconciler.errors import TargetError

EXPERIMENT = "reconciler"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


def path_of(source: str) -> str | None:
    """Return the path of a source in the proxy; None for one that is elsewhere."""
    parts = urllib.parse.urlsplit(source)
    path = parts.path.strip("/")
    return path if parts.scheme == PROXY and _SAFE.fullmatch(path) is not None and ".." not in path else None


class MlflowArtifacts:
    """Artifacts in runs of the experiment `reconciler`, a run for each."""

    def __init__(self, server: MlflowServer) -> None:
        self._server = server

    def run_of(self, artifact: Digest | None, model: str) -> tuple[str, str]:
        """Return the run that holds an artifact (None: nothing), by its id, and the source of versions of it."""
        said = artifact or "nothing is served"
        experiment = self._experiment()
        asked = {"experiment_ids": [experiment], "filter": f"tags.`{DIGEST}` = '{said}'", "max_results": 20}
        runs = (self._server.post("runs/search", asked) or {}).get("runs") or []
        for run in runs:
            source = f"{run['info'].get('artifact_uri', '')}/model"
            if path_of(source) is not None:
                return str(run["info"]["run_id"]), source
        name = f"{model} {short(artifact)}" if artifact is not None else "nothing is served"
        tags = as_list({DIGEST: said, "mlflow.runName": name})
        made = self._server.post("runs/create", {"experiment_id": experiment, "run_name": name, "tags": tags}) or {}
        info = made.get("run", {}).get("info", {})
        run_id, source = str(info.get("run_id", "")), f"{info.get('artifact_uri', '')}/model"
        self._server.post("runs/update", {"run_id": run_id, "status": "FINISHED"})
        if path_of(source) is None:
            raise TargetError(
                f"the tracking server {self._server.address} keeps artifacts of the experiment {EXPERIMENT} elsewhere, "
                "and takes none itself",
                code="E602",
                hint="have it started with --serve-artifacts, and create that experiment anew: its artifacts must be "
                f"at {PROXY}:/",
            )
        return run_id, source

    def _experiment(self) -> str:
        for _ in range(2):
            found = self._server.find("experiments/get-by-name", experiment_name=EXPERIMENT)
            if found is not None:
                experiment = found.get("experiment", {})
                if experiment.get("lifecycle_stage") == "deleted":
                    raise TargetError(
                        f"the experiment {EXPERIMENT} of {self._server.address} was deleted",
                        code="E602",
                        hint=f"restore it: mlflow experiments restore -x {experiment.get('experiment_id')}",
                    )
                return str(experiment.get("experiment_id"))
            self._server.post("experiments/create", {"name": EXPERIMENT}, but="RESOURCE_ALREADY_EXISTS")
        raise TargetError(f"{self._server.address} has no experiment {EXPERIMENT}", code="E611", hint="run it again")

    def put(self, base: str, artifact: Digest, files: Mapping[str, Path]) -> None:
        """Write a whole release; of an existing one, only what differs. All of it is read back."""
        manifest, named = given_release(artifact, files)
        folder = f"{base}/{RELEASES}/{hex_of(artifact)}"
        for name, layer in named.items():
            if self._server.digest(f"{folder}/{name}", layer.size) != layer.digest:
                self._server.put(f"{folder}/{name}", files[name])
        for path, body in ((f"{folder}/{MANIFEST}", manifest), (f"{base}/{MLMODEL}", mlmodel(artifact))):
            if self._server.read(path, len(body)) != body:
                self._server.put(path, body)
        for name in self._added(base, artifact, set(named)):
            self._server.remove(f"{base}/{name}")
        if wrong := self.differing(base, artifact):
            raise TargetError(
                f"{self._server.address} does not give back what was uploaded: {', '.join(wrong)}",
                code="E611",
                hint="the earlier version is still served; find what else writes there, and run the same command again",
            )

    def differing(self, base: str, artifact: Digest) -> tuple[str, ...]:
        """Return the files that are not the artifact's: changed, missing or added; sorted."""
        folder = f"{base}/{RELEASES}/{hex_of(artifact)}"
        wrong = set() if self._server.read(f"{base}/{MLMODEL}", RELEASE_BYTES) == mlmodel(artifact) else {MLMODEL}
        manifest = self._server.read(f"{folder}/{MANIFEST}", RELEASE_BYTES)
        if manifest is None or digest_of_bytes(manifest) != artifact:
            return tuple(sorted({*wrong, MANIFEST}))
        files = layers(manifest)
        wrong |= {
            layer.path for layer in files if self._server.digest(f"{folder}/{layer.path}", layer.size) != layer.digest
        }
        start = f"{RELEASES}/{hex_of(artifact)}/"
        added = self._added(base, artifact, {layer.path for layer in files})
        return tuple(sorted(wrong | {name.removeprefix(start) for name in added}))

    def _added(self, base: str, artifact: Digest, known: set[str]) -> set[str]:
        release = f"{RELEASES}/{hex_of(artifact)}"
        expected = {"": {MLMODEL, RELEASES}, f"{RELEASES}/": {hex_of(artifact)}, f"{release}/": {MANIFEST, *known}}
        return {
            f"{below}{name}"
            for below, names in expected.items()
            for name in (self._server.names(f"{base}/{below}".rstrip("/")) or frozenset()) - names
        }

    def take(self, base: str, artifact: Digest, folder: Path) -> bool:
        """Write a release into a folder; tell whether there is one. What is damaged there is as damaged here."""
        place = f"{base}/{RELEASES}/{hex_of(artifact)}"
        manifest = self._server.read(f"{place}/{MANIFEST}", RELEASE_BYTES)
        if manifest is None:
            return False
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).write_bytes(manifest)
        for layer in layers(manifest):
            self._server.take(f"{place}/{layer.path}", min(layer.size, OBJECT_BYTES), folder / layer.path)
        return True
