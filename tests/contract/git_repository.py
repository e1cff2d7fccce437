"""A throw-away git repository whose project folder may lie below its root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    root: Path
    project: Path

    def git(self, *arguments: str) -> str:
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        ran = subprocess.run(
            ["git", *arguments], cwd=self.root, capture_output=True, text=True, env=environment, check=True
        )
        return ran.stdout.strip()

    def commit(self, files: Mapping[str, bytes]) -> str:
        """A commit on the branch that is checked out, with exactly these files in the project folder."""
        shutil.rmtree(self.project) if self.project != self.root else self._empty()
        for path, body in files.items():
            (self.project / path).parent.mkdir(parents=True, exist_ok=True)
            (self.project / path).write_bytes(body)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "files")
        return self.git("rev-parse", "HEAD")

    def _empty(self) -> None:
        for one in self.root.iterdir():
            if one.name != ".git":
                shutil.rmtree(one) if one.is_dir() else one.unlink()


def repository_in(root: Path, *, folder: str = "", object_format: str = "sha1") -> Repository:
    root.mkdir(parents=True)
    one = Repository(root=root, project=root / folder)
    one.project.mkdir(parents=True, exist_ok=True)
    one.git("init", "-q", "-b", "main", f"--object-format={object_format}")
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org"), ("core.autocrlf", "false")):
        one.git("config", name, value)
    if folder:
        (root / "beside.txt").write_text("not the project's")
    return one
