"""A throw-away project with thousands of deployed models: small artifacts, and journals of thirty entries each.

One model goes the real way, sandbox to production. The others are made from what that left behind: the same artifact
under other names, each with its own manifest, journal and served release, so that a plan finds nothing to do. A tenth
as many are declared in the sandbox as well.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.project import make_project
from reconciler import codec
from reconciler.core import keys
from reconciler.core.digest import digest_of_bytes, hex_of
from reconciler.core.record import Action, Current, Entry

ENTRIES = 30
MODEL = "wide"


def make_fleet(folder: Path, models: int) -> Path:
    """A committed project with `models` models in production, all in sync."""
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
    _run(folder, "apply", "sandbox", "--yes")
    _run(folder, "promote", MODEL, "--to", "production")
    branch = _git(folder, "branch", "--list", "promote/*", "--format=%(refname:short)").strip()
    _git(folder, "merge", "-q", "--no-ff", "-m", "Merge", branch)
    _run(folder, "apply", "production", "--yes")
    names = [f"model-{number:05d}" for number in range(models - 1)]
    for environment, chosen in (("production", names), ("sandbox", names[: models // 10])):
        _replicate(folder, environment, chosen)
    _git(folder, "add", "-A")
    _git(folder, "commit", "-qm", f"{models} models")
    return folder


def _replicate(folder: Path, environment: str, names: list[str]) -> None:
    store = folder / ".reconciler" / environment
    first = codec.decode(Entry, (store / keys.member(keys.journal(environment, MODEL), 0)).read_bytes(), what="entry")
    manifest = (folder / f"manifests/{environment}/{MODEL}.yaml").read_text()
    release = folder / f"serving/{MODEL}/releases"
    for name in names:
        text = manifest.replace(f"name: {MODEL}", f"name: {name}")
        (folder / f"manifests/{environment}/{name}.yaml").write_text(text)
        journal = store / keys.journal(environment, name)
        journal.mkdir(parents=True)
        previous = None
        for n in range(ENTRIES if environment == "production" else 1):
            action = first.action if n == 0 else Action.RESTORE
            body = codec.encode(dataclasses.replace(first, model=name, n=n, previous=previous, action=action))
            (journal / f"{n}.json").write_bytes(body)
            previous = digest_of_bytes(body)
        if environment == "production" and first.artifact is not None and previous is not None:
            shutil.copytree(release, folder / f"serving/{name}/releases")
            current = Current(
                project=first.project,
                environment=environment,
                model=name,
                n=ENTRIES - 1,
                entry=previous,
                artifact=first.artifact,
            )
            (folder / f"serving/{name}/current").write_bytes(codec.encode(current))
            assert (release / hex_of(first.artifact)).is_dir()


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
