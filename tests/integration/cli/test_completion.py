"""Shells complete what can be typed next, and pre-commit can run what we tell it to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from reconciler.cli.error_reporting import guarded
from tests.support.project import REPOSITORY, Project

BASH = shutil.which("bash")


def completed(project: Project, *words: str) -> list[str]:
    """What the shell is told when the last word is to be completed."""
    return [line.partition(",")[2] for line in told(project, *words)]


def kinds(project: Project, *words: str) -> list[str]:
    """What kind of word the shell is told to complete: `plain`, or a `file` or a `dir` of the disk."""
    return [line.partition(",")[0] for line in told(project, *words)]


def told(project: Project, *words: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "reconciler"],
        cwd=project.root,
        env={
            **project.environment,
            "_RECONCILER_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(("reconciler", *words)),
            "COMP_CWORD": str(len(words)),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in ran.stdout.splitlines() if line]


@pytest.mark.soak(every=3)
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("pla",), ["plan"]),
        (("plan", ""), ["lateness", "production", "sandbox"]),
        (("plan", "sand"), ["sandbox"]),
        (("plan", "sandbox", ""), ["lateness"]),
        (("plan", "sandbox", "lateness", ""), []),
        (("plan", "production", ""), []),
        (("why", "l"), ["lateness"]),
        (("status", ""), ["lateness", "production", "sandbox"]),
        (("status", "sandbox", ""), ["lateness"]),
        (("promote", "production", ""), []),
        (("add", "l"), []),
        (("add", "more", "--like", ""), ["lateness"]),
        (("why", "lateness", "--in", "p"), ["production"]),
        (("plan", "sandbox", "--ch"), ["--check"]),
        (("explain", "environment.policy.max"), ["environment.policy.maxDataAge", "environment.policy.maxRetire"]),
        (("explain", "recipe.holdout.r"), ["recipe.holdout.random"]),
        (("explain", "e41"), [f"E41{n}" for n in range(10)]),
        (
            ("predict", "lateness", "--in", "production", "--input", "invoices=requirements"),
            ["invoices=requirements.lock"],
        ),
    ],
    ids=" ".join,
)
def test_the_shell_is_told_what_can_come_next(project: Project, words: tuple[str, ...], found: list[str]) -> None:
    assert completed(project, *words) == found


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("apply", "sandbox", "--plan", ""), "file"),
        (("plan", "sandbox", "--out", "p"), "file"),
        (("plan", "sandbox", "--data-root", ""), "dir"),
        (("plan", "-C", ""), "dir"),
    ],
    ids=" ".join,
)
def test_the_shell_completes_paths_by_itself(project: Project, words: tuple[str, ...], kind: str) -> None:
    assert kinds(project, *words) == [kind]


def test_outside_a_project_there_are_no_names_and_no_noise(project: Project, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    stranger = Project(tmp_path / "elsewhere")
    stranger.environment = project.environment
    assert completed(stranger, "plan", "") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(shell: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(["completion", shell]) == 0
    out, _ = capfd.readouterr()
    assert "_RECONCILER_COMPLETE" in out
    if BASH and shell == "bash":
        subprocess.run([BASH, "-n"], input=out, text=True, check=True)


def test_another_shell_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(["completion", "cmd"]) == 2
    assert "'bash', 'zsh', 'fish'" in capfd.readouterr().err


def test_the_hook_for_pre_commit_runs_and_refuses(project: Project) -> None:
    (hook,) = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
    name, *arguments = hook["entry"].split()
    assert name == "reconciler"
    assert hook["pass_filenames"] is False
    project.run(*arguments)
    path = project.root / "manifests/sandbox/lateness.yaml"
    path.write_text(path.read_text().replace("seed: 7", "seed: many"))
    assert "manifests/sandbox/lateness.yaml:" in project.run(*arguments, code=2).out
