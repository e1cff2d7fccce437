"""A secret that a refresh needs and that is not set here is told by every door before, with the others, by its name."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from reconciler.core.spec.runtime import fixed_environment
from tests.e2e.conftest import _copied
from tests.support.project import Project, committed

TABLES = "    tables:\n"
MASKED = "    mask: {invoices.customer_id: pseudonym}\n    maskKey: env:MASK_KEY\n"
DATABASES = """\
      orders: {uses: postgres, url: env:ERP_URL, table: ar.orders}
      notes: {uses: postgres, url: env:ERP_URL, table: ar.notes}
      tickets: {uses: sql, url: file:secrets/crm, table: tickets}
"""
UNSET = (
    "the environment variable ERP_URL is not set (tables notes, orders)",
    "the file secrets/crm holds nothing that can be read (table tickets)",
    "there is no key of pseudonyms: the environment variable MASK_KEY is not set",
)
DOORS = (("validate",), ("plan", "sandbox"), ("doctor",), ("apply", "sandbox", "--yes"))


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = _copied(committed(tmp_path_factory), tmp_path)
    project.environment["MASK_KEY"] = ""
    return declared(project, TABLES, MASKED + TABLES + DATABASES)


def declared(project: Project, old: str, new: str) -> Project:
    text = (project.root / "environments/production.yaml").read_text()
    assert old in text
    project.write("environments/production.yaml", text.replace(old, new))
    project.commit("Other tables")
    return project


def said(project: Project, *command: str) -> str:
    """All that a command says, on lines of any width."""
    ran = project.run(*command, code=None)
    return " ".join((ran.out + ran.err).split())


def typed(project: Project, told: str, name: str) -> str:
    """What a variable is set to by the command that a message names for it."""
    (command,) = re.findall(rf"`(export {name}=[^`]+)`", told)
    shell = ["bash", "-c", f"{command}; printenv {name}"]
    return subprocess.run(shell, capture_output=True, text=True, check=True, env=project.environment).stdout.strip()


def test_every_door_tells_all_secrets_that_are_not_set_and_what_to_type(project: Project) -> None:
    for door in DOORS:
        told = said(project, *door)
        assert [text for text in UNSET if text not in told] == [], door
        assert "read -rs ERP_URL" in told
        key = typed(project, told, "MASK_KEY")
    assert not list((project.root / ".reconciler/sandbox").glob("snapshots/*"))
    declared(project, DATABASES, "")
    project.environment["MASK_KEY"] = "short"
    assert "holds fewer than 16 bytes" in said(project, "plan", "sandbox")
    project.environment["MASK_KEY"] = key
    assert "MASK_KEY" not in said(project, "validate")
    assert key not in said(project, "apply", "sandbox", "--yes")

    # Who refreshes nothing needs none of them; who does is told which key it was, and that another is another.
    project.environment["MASK_KEY"] = ""
    assert "MASK_KEY" not in project.run("plan", "sandbox", "--check").out
    (known,) = re.findall(r"the key of before has the id (\w{12})", said(project, "plan", "sandbox", "--refresh"))
    project.environment["MASK_KEY"] = "another key of many bytes"
    for command in (("plan", "sandbox", "--refresh"), ("data", "refresh", "sandbox", "--force", "--yes")):
        told = said(project, *command)
        assert re.search(rf"the key of pseudonyms is \w{{12}}, and that of data snapshot 0 is {known}", told), command
        assert "another key of many bytes" not in told


def test_no_worker_inherits_the_key() -> None:
    given = {"MASK_KEY": "a key that nobody else has", "ERP_URL": "postgresql://a:b@c/d", "PATH": "/bin"}
    assert not {"MASK_KEY", "ERP_URL"} & fixed_environment(given, architecture="x86_64").keys()
