"""A configured project in which nothing was made yet: enough for everything that only reads."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from tests.e2e.promises.project import MODEL, PRODUCTION, PROJECT, REPOSITORY, SANDBOX, Project, write_ledger


def configured(root: Path) -> Project:
    made = Project(root)
    made.root.mkdir(parents=True)
    made.write(".gitignore", "data/\n.reconciler/\nserving/\n")
    made.write("reconciler.yaml", PROJECT)
    made.write("environments/sandbox.yaml", SANDBOX.replace("ARCHITECTURE", platform.machine()))
    made.write("environments/production.yaml", PRODUCTION)
    made.write("manifests/sandbox/lateness.yaml", MODEL)
    made.write("requirements.lock", (REPOSITORY / "requirements.lock").read_text())
    write_ledger(made.root / "data/invoices.csv")
    made.environment |= {"PYTHONPATH": str(REPOSITORY)}
    return made


def begin(made: Project) -> Project:
    made.git("init", "-q", "-b", "main")
    made.git("config", "user.name", "Ada")
    made.git("config", "user.email", "ada@example.org")
    made.commit("A model of lateness")
    return made


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return begin(configured(tmp_path / "project"))
