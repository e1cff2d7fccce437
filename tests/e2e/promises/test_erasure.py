"""`data forget`: what learnt from a forgotten entity is found, made again without it, and not deployed again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.support.project import Project

PRODUCTION = "environments/production.yaml"
KEY = "a-secret-key-of-erasures"
FORGET = ("data", "forget", "production", "--key", "invoices.customer_id", "--reason", "asked to, ticket 12", "--yes")


def may_forget(project: Project, more: str = "") -> None:
    """Declare the key of tombstones, and set it."""
    text = (project.root / PRODUCTION).read_text()
    project.write(PRODUCTION, text.replace("  data:\n", f"  data:\n    erasureKey: env:ERASURE_KEY\n{more}", 1))
    project.commit("Entities can be forgotten")
    project.environment["ERASURE_KEY"] = KEY


def forget(project: Project, value: str, *more: str, code: int = 0) -> str:
    """Forget an entity whose value is in a file, outside the project."""
    path = project.root.parent / "value"
    path.write_text(value)
    return project.run(*FORGET, "--value-file", str(path), *more, code=code).out


def test_a_forgotten_customer_is_left_out_and_what_learnt_from_it_is_made_again(deployed: Project) -> None:
    may_forget(deployed)
    before = deployed.served()["artifact"]
    said = " ".join(forget(deployed, "007\n").split())
    print(said)
    plan = deployed.run("plan", "sandbox", "--check", code=3).out
    print(plan)
    deployed.run("apply", "sandbox", "--yes")
    print(deployed.run("status", "production").out)
    print(deployed.run("audit").out)
    print(deployed.run("history").out)
    print(deployed.run("plan", "production", code=None))
    assert 0
