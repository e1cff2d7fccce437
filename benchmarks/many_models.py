"""Create a temporary project with thousands of deployed models: small artifacts, journals of thirty entries each.

One model is really trained and promoted. The others are copies of its stored files: each has a recipe of its own, and
so its own artifact, build, verification, journal and served release (the bytes of the fitted trees alone
are shared), so that a plan finds nothing to do and no two documents are equal. A tenth as many are declared in the
sandbox as well.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.project import make_project
from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build
from reconciler.core.artifact.journal import Action, Entry, ReleasePointer
from reconciler.core.artifact.oci_artifact import RECIPE_FILE, Artifact
from reconciler.core.digest import Digest, digest_of_bytes, hex_of
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.recipe import BuiltRecipe
from reconciler.engine.storage import oci_manifest

ENTRIES = 30
MODEL = "wide"


def make_fleet(folder: Path, models: int) -> Path:
    """Create a committed project with `models` models in production, all in sync."""
    return grow(make_first(folder), models)


def make_first(folder: Path, run: Callable[..., object] | None = None) -> Path:
    """Create a committed project whose one model was trained, promoted and deployed.

    `run` runs a command there, given its words; by default a process of its own does.
    """
    run = run or partial(_run, folder)
    make_project(folder, rows=400, columns=4)
    manifest = folder / f"manifests/sandbox/{MODEL}.yaml"
    manifest.write_text(
        manifest.read_text().replace(
            "HistGradientBoostingClassifier, params: {max_iter: 100}", "DecisionTreeClassifier, params: {max_depth: 3}"
        )
    )
    with (folder / "environments/production.yaml").open("a") as stream:
        stream.write("  protect: {branch: main}\n")
    _git(folder, "commit", "-qam", "A small model")
    run("apply", "sandbox", "--yes")
    run("promote", MODEL, "--to", "production")
    branch = _git(folder, "branch", "--list", "promote/*", "--format=%(refname:short)").strip()
    _git(folder, "merge", "-q", "--no-ff", "-m", "Merge", branch)
    run("apply", "production", "--yes")
    return folder


def grow(folder: Path, models: int) -> Path:
    """Add copies of its one model to a project, until it has `models` in production."""
    names = [f"model-{number:05d}" for number in range(models - 1)]
    for environment, chosen in (("production", names), ("sandbox", names[: models // 10])):
        _replicate(folder, environment, chosen)
    _git(folder, "add", "-A")
    _git(folder, "commit", "-qm", f"{models} models")
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class _Original:
    """The stored files of the real model in one environment."""

    store: Path
    manifest: str
    entry: Entry
    recipe: BuiltRecipe
    artifact: Artifact
    verification: Verification


def _original(folder: Path, environment: str) -> _Original:
    store = folder / ".reconciler" / environment
    entry = codec.decode(
        Entry, (store / store_layout.member(store_layout.journal(environment, MODEL), 0)).read_bytes(), what="entry"
    )
    assert entry.artifact is not None
    artifact = oci_manifest.parse((store / store_layout.blob(entry.artifact)).read_bytes())
    recipe = (store / store_layout.blob(artifact.file(RECIPE_FILE).digest)).read_bytes()
    (verified,) = (store / f"verifications/{hex_of(entry.artifact)}").iterdir()
    return _Original(
        store=store,
        manifest=(folder / f"manifests/{environment}/{MODEL}.yaml").read_text(),
        entry=entry,
        recipe=codec.decode(BuiltRecipe, recipe, what="recipe"),
        artifact=artifact,
        verification=codec.decode(Verification, verified.read_bytes(), what="verification"),
    )


def _replicate(folder: Path, environment: str, names: list[str]) -> None:
    first = _original(folder, environment)
    card_of_first = folder / f"manifests/{environment}/{MODEL}.md"
    for number, name in enumerate(names):
        leaf = 5 + number
        recipe = _varied(first.recipe, leaf)
        artifact = _packed(first, recipe)
        build = _built(first, recipe, artifact)
        if build is not None and environment == "sandbox":
            log = first.store / store_layout.member(store_layout.builds_of(build.recipe), 0)
            log.parent.mkdir(parents=True)
            log.write_bytes(codec.encode(build))
        text = first.manifest.replace(f"name: {MODEL}", f"name: {name}")
        text = text.replace("max_depth: 3", f"max_depth: 3, min_samples_leaf: {leaf}")
        text = text.replace(first.artifact.digest, artifact)
        (folder / f"manifests/{environment}/{name}.yaml").write_text(text)
        journal = first.store / store_layout.journal(environment, name)
        journal.mkdir(parents=True)
        vetted = (artifact,) if first.entry.state.vetted else ()
        state = dataclasses.replace(first.entry.state, artifact=artifact, build=build, vetted=vetted)
        if environment == "production":
            card = card_of_first.read_text().replace(first.artifact.digest, artifact).encode()
            (folder / f"manifests/{environment}/{name}.md").write_bytes(card)
            state = dataclasses.replace(state, card=digest_of_bytes(card))
        previous = None
        for n in range(ENTRIES if environment == "production" else 1):
            entry = dataclasses.replace(
                first.entry,
                model=name,
                n=n,
                previous=previous,
                action=first.entry.action if n == 0 else Action.RESTORE,
                artifact=artifact,
                state=state,
            )
            body = codec.encode(entry)
            (journal / f"{n}.json").write_bytes(body)
            previous = digest_of_bytes(body)
        if environment == "production" and previous is not None:
            _serve(folder, first, name, artifact, previous)


def _varied(recipe: BuiltRecipe, leaf: int) -> BuiltRecipe:
    estimator = recipe.recipe.estimator
    params = tuple(sorted({**dict(estimator.params), "min_samples_leaf": leaf}.items()))
    estimator = dataclasses.replace(estimator, params=params)
    return dataclasses.replace(recipe, recipe=dataclasses.replace(recipe.recipe, estimator=estimator))


def _packed(first: _Original, recipe: BuiltRecipe) -> Digest:
    """Write an artifact with this recipe and its verification to the store, and return its digest."""
    body = codec.encode(recipe)
    described = _put(first.store, body)
    files = tuple(
        dataclasses.replace(file, digest=described, size=len(body)) if file.path == RECIPE_FILE else file
        for file in first.artifact.files
    )
    config = oci_manifest.config_of(files)
    _put(first.store, config)
    artifact = _put(first.store, oci_manifest.manifest_of(config, files))
    verified = dataclasses.replace(first.verification, artifact=artifact)
    place = first.store / store_layout.verification(artifact, verified.gate_set)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(codec.encode(verified))
    return artifact


def _built(first: _Original, recipe: BuiltRecipe, artifact: Digest) -> Build | None:
    if first.entry.state.build is None:
        return None
    return dataclasses.replace(first.entry.state.build, artifact=artifact, recipe=codec.digest_of(recipe.recipe))


def _serve(folder: Path, first: _Original, name: str, artifact: Digest, entry: Digest) -> None:
    release = folder / f"serving/{name}/releases/{hex_of(artifact)}"
    release.mkdir(parents=True)
    packed = oci_manifest.parse((first.store / store_layout.blob(artifact)).read_bytes())
    blobs = {file.path: file.digest for file in packed.files}
    blobs |= {oci_manifest.MANIFEST_FILE: artifact, oci_manifest.CONFIG_FILE: packed.config.digest}
    for path, digest in blobs.items():
        shutil.copyfile(first.store / store_layout.blob(digest), release / path)
    current = ReleasePointer(
        project=first.entry.project,
        environment="production",
        model=name,
        n=ENTRIES - 1,
        entry=entry,
        artifact=artifact,
    )
    (folder / f"serving/{name}/current").write_bytes(codec.encode(current))


def _put(store: Path, body: bytes) -> Digest:
    digest = digest_of_bytes(body)
    place = store / store_layout.blob(digest)
    if not place.exists():
        place.write_bytes(body)
    return digest


def _run(folder: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
    )


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    make_fleet(Path(sys.argv[1]), int(sys.argv[2]))
