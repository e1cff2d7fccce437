"""Run the shell steps of a written workflow as a runner does: expressions filled in, then bash on the script."""

from __future__ import annotations

import re
import shutil
import site
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

EXPRESSION = re.compile(r"\$\{\{ *([A-Za-z._-]+) *\}\}")


def filled(text: str, values: Mapping[str, str]) -> str:
    """Fill expressions in; a secret that nobody set is empty, any other value has to be known."""

    def value(name: str) -> str:
        return values.get(name, "") if name.startswith("secrets.") else values[name]

    return EXPRESSION.sub(lambda found: value(found[1]), text)


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


@dataclass
class GitHubJobs:
    """Runs jobs of a workflow on one machine: expressions are looked up, `uses` is done by the caller.

    `kept`: where the environment of the first job is kept for those after it (`fake_python`).
    """

    workflow: Mapping[str, Any]
    environment: Mapping[str, str]
    temporary: Path
    values: Mapping[str, str]
    token: str = ""

    def run(self, name: str, workspace: Path, **values: str) -> dict[str, str]:
        """Run a job in a checkout. Gives the outputs of its steps, `step.output` -> text; each step must succeed."""
        job, temporary = self.workflow["jobs"][name], self.temporary / f"{name}-{len(list(self.temporary.iterdir()))}"
        temporary.mkdir()
        given = {"runner.temp": str(temporary), "github.token": self.token, **self.values}
        given |= {name.replace("_", "."): text for name, text in values.items()}
        ours = {"RUNNER_TEMP": str(temporary), "GITHUB_WORKSPACE": str(workspace)}
        ours |= {name: filled(text, given) for name, text in job.get("env", {}).items()}
        outputs: dict[str, str] = {}
        for number, step in enumerate(job["steps"]):
            if "run" not in step:
                continue
            written = temporary / f"output-{number}"
            environment = {**self.environment, **ours, "GITHUB_OUTPUT": str(written)}
            environment["GITHUB_STEP_SUMMARY"] = str(temporary / "summary.md")
            ran = run_github_step(step, workspace=workspace, values=given, environment=environment)
            assert ran.returncode == 0, f"{name}, {step['name']}: {ran.stdout}{ran.stderr}"
            outputs |= {f"{step.get('id')}.{key}": text for key, text in outputs_in(written).items()}
        return outputs


def outputs_in(file: Path) -> dict[str, str]:
    """What a step wrote to GITHUB_OUTPUT: `name=text`, or `name<<end`, lines, `end`."""
    lines = iter(file.read_text().splitlines() if file.exists() else ())
    found = {}
    for line in lines:
        name, sign, text = line.partition("=")
        if "<<" in name or not sign:
            name, _, end = line.partition("<<")
            text = "\n".join(iter(lambda: next(lines), end))
        found[name] = text
    return found


# An isolated environment takes seconds to make: the first one is kept, and copied for the others.
MACHINES_PYTHON = """\
#!/bin/bash
if [ "$1 $2 $3" = "-I -m venv" ]; then
  into="${{@: -1}}"
  if [ -d "{kept}" ]; then /bin/rm -rf "$into" && exec /bin/cp -a "{kept}" "$into"; fi
  "{python}" "$@" && exec /bin/cp -a "$into" "{kept}"
  exit 1
fi
exec "{python}" "$@"
"""


def fake_python(folder: Path, kept: Path) -> Path:
    """A folder for a search path whose `python` is this one, and makes an environment once."""
    folder.mkdir()
    for name in ("python", "python3"):
        (folder / name).write_text(MACHINES_PYTHON.format(python=sys.executable, kept=kept))
        (folder / name).chmod(0o755)
    return folder


def keep_installed(environment: Path, kept: Path) -> None:
    """Keep an environment with what was installed into it: pip finds everything there already."""
    shutil.rmtree(kept)
    shutil.copytree(environment, kept, symlinks=True)


def gitlab_script(document: Mapping[str, Any], job: str) -> str:
    """The lines of a job's before_script and script, its parents' where it has none of its own."""
    found: dict[str, Any] = document[job]
    parent: dict[str, Any] = document.get(found.get("extends", ""), {})
    return "\n".join([*found.get("before_script", parent.get("before_script", [])), *found["script"]])


def libraries() -> list[str]:
    """Return the folders that this Python has its packages in: its own, and one that a .pth file of it names."""
    beside = find_spec("sklearn")
    assert beside is not None
    assert beside.origin is not None
    return list(dict.fromkeys([*site.getsitepackages(), str(Path(beside.origin).parents[1])]))


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
