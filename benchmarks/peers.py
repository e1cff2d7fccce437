"""Set up other tools' no-op commands over as many definitions, where installed: `dvc status` and `sqlmesh plan`.

Their work differs, so a ratio compares response times only. Found on the PATH, or by DVC= and SQLMESH= in the
environment (each needs its own environment).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

# Without these, requests to an absent network would be measured.
QUIET = {
    "DVC_NO_ANALYTICS": "1",
    "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "true",
    "DO_NOT_TRACK": "1",
    "NO_COLOR": "1",
    "TERM": "dumb",
}


class Peer(NamedTuple):
    """Another tool and the command to measure."""

    name: str
    version: str
    command: Sequence[str]


def installed(folder: Path, definitions: int) -> list[tuple[Peer, Path]]:
    """Return each installed peer with a project of so many unchanged definitions in its own folder."""
    measurable = []
    for name, arguments, make in (
        ("dvc", ["status"], _dvc),
        ("sqlmesh", ["plan", "--no-prompts"], _sqlmesh),
    ):
        program = os.environ.get(name.upper()) or shutil.which(name)
        if program is None:
            print(f"({name} is not installed: not measured)")
            continue
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, env=environment())
        project = folder / name
        project.mkdir()
        _made(make, project, program, definitions)
        measurable.append((Peer(f"{name} {arguments[0]}", version.stdout.split()[-1], [program, *arguments]), project))
    return measurable


def environment() -> dict[str, str]:
    """Return the environment variables for peers."""
    return {**os.environ, **QUIET}


def _made(make: Callable[[Path, str, int], None], project: Path, program: str, definitions: int) -> None:
    _run(["git", "init", "-q", "-b", "main"], project)
    _run(["git", "config", "user.name", "Bench"], project)
    _run(["git", "config", "user.email", "bench@example.org"], project)
    make(project, program, definitions)


def _dvc(project: Path, program: str, definitions: int) -> None:
    """Write stages with a dependency, a parameter in a YAML file and an output each; all locked and cached."""
    _run([program, "init", "-q"], project)
    for folder in ("given", "made", "manifests"):
        (project / folder).mkdir()
    (project / ".gitignore").write_text("/made/\n")
    stages, locked = ["stages:"], ["schema: '2.0'", "stages:"]
    for number in range(definitions):
        name, body = f"model-{number:05d}", f"{number}\n"
        digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        (project / f"given/{name}").write_text(body)
        (project / f"made/{name}").write_text(body)
        (project / f"manifests/{name}.yaml").write_text(f"metadata: {{name: {name}}}\nspec: {{seed: {number}}}\n")
        cached = project / f".dvc/cache/files/md5/{digest[:2]}/{digest[2:]}"
        cached.parent.mkdir(parents=True, exist_ok=True)
        cached.write_text(body)
        command = f"    cmd: cp given/{name} made/{name}"
        stages += [f"  {name}:", command, f"    deps: [given/{name}]", "    params:"]
        stages += [f"    - manifests/{name}.yaml: [spec.seed]", f"    outs: [made/{name}]"]
        file = f"hash: md5, md5: {digest}, size: {len(body)}"
        locked += [f"  {name}:", command, f"    deps: [{{path: given/{name}, {file}}}]"]
        locked += [f"    params: {{manifests/{name}.yaml: {{spec.seed: {number}}}}}"]
        locked += [f"    outs: [{{path: made/{name}, {file}}}]"]
    (project / "dvc.yaml").write_text("\n".join(stages) + "\n")
    (project / "dvc.lock").write_text("\n".join(locked) + "\n")
    _run(["git", "add", "-A"], project)
    _run(["git", "commit", "-qm", "Stages"], project)


def _sqlmesh(project: Path, program: str, definitions: int) -> None:
    """Write views in a DuckDB file, planned and applied."""
    (project / "models").mkdir()
    (project / "config.yaml").write_text(
        "gateways: {local: {connection: {type: duckdb, database: db.duckdb}}}\n"
        "default_gateway: local\nmodel_defaults: {dialect: duckdb}\n"
    )
    for number in range(definitions):
        name = f"model_{number:05d}"
        text = f"MODEL (name db.{name}, kind VIEW);\nSELECT {number}::INT AS id, 'a'::TEXT AS t\n"
        (project / f"models/{name}.sql").write_text(text)
    _run([program, "plan", "--auto-apply", "--no-prompts"], project)


def _run(command: Sequence[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment())
