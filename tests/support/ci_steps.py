"""Run the shell steps of a written workflow as a runner does: expressions filled in, then bash on the script."""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

EXPRESSION = re.compile(r"\$\{\{ *([a-z._]+) *\}\}")


def filled(text: str, values: Mapping[str, str]) -> str:
    return EXPRESSION.sub(lambda found: values[found[1]], text)


def run_script(script: str, *, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    assert "${{" not in script, "an expression in a script could be anybody's text"
    return subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )


def run_github_step(
    step: Mapping[str, Any], *, workspace: Path, values: Mapping[str, str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """`values`: of the expressions in its `env` and `working-directory`."""
    folder = Path(filled(step["working-directory"], values)) if "working-directory" in step else workspace
    own = {name: filled(text, values) for name, text in step.get("env", {}).items()}
    return run_script(step["run"], folder=folder, environment={**environment, **own})


def gitlab_script(document: Mapping[str, Any], job: str) -> str:
    """The lines of a job's before_script and script, its parents' where it has none of its own."""
    found: dict[str, Any] = document[job]
    parent: dict[str, Any] = document.get(found.get("extends", ""), {})
    return "\n".join([*found.get("before_script", parent.get("before_script", [])), *found["script"]])


def write_wheel(folder: Path, name: str, version: str, *, paths: Iterable[str] = ()) -> None:
    """Write an empty wheel; `paths` are put on the module path of an environment that installs it."""
    folder.mkdir(exist_ok=True)
    plain = name.replace("-", "_")
    info = f"{plain}-{version}.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{plain}.pth": "".join(f"{path}\n" for path in paths),
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{plain}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
