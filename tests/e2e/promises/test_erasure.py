"""`data forget`: what learnt from an entity is found, made again without it, not deployed again, and removed."""

from __future__ import annotations

import csv
import json
import os
import pty
from pathlib import Path

import pytest

from tests.support.project import Project

PRODUCTION = "environments/production.yaml"
KEY = "a-secret-key-of-erasures"
FORGET = ("data", "forget", "production", "--key", "invoices.customer_id", "--reason", "asked to, ticket 12", "--yes")
VALUE = "001"


def may_forget(project: Project) -> None:
    """Declare the key of tombstones, and set it."""
    text = (project.root / PRODUCTION).read_text()
    said = "  data:\n    erasureKey: env:ERASURE_KEY\n    erasureGrace: 1s\n"
    project.write(PRODUCTION, text.replace("  data:\n", said, 1))
    project.commit("Entities can be forgotten")
    project.environment["ERASURE_KEY"] = KEY


def value_file(project: Project, value: str) -> str:
    """Write a value into a file outside the project."""
    path = project.root.parent / "value"
    path.write_text(value)
    return str(path)


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.soak(only=True)  # integration/engine/test_erasure
def test_what_learnt_from_a_customer_is_replaced_and_then_removed(redeployed: Project) -> None:
    project = redeployed
    given = ("--value-file", value_file(project, f"{VALUE}\n"))
    assert "E454" in project.run(*FORGET, *given, code=1).err, "no key is declared"
    may_forget(project)
    served = project.served()["artifact"]
    project.run("predict", "lateness", "--in", "production", "--out", "predicted.csv")
    assert "never with the value" in words(project.run(*FORGET[:4], "invoices.customer_id=001", code=2).err)
    assert "empty" in project.run(*FORGET, "--value-file", value_file(project, "\n"), code=2).err
    value_file(project, f"{VALUE}\n")

    begun = project.run(*FORGET, *given, "-o", "json").json
    assert (begun["erasure"], begun["known"], begun["snapshots"], begun["builds"]) == (0, False, ["sandbox/0"], 2)
    assert {model["environment"] for model in begun["models"]} == {"production", "sandbox"}
    assert project.run(*FORGET, *given, "-o", "json").json["known"] is True
    assert project.model_status("production")["health"] == "DEGRADED"
    refused = project.run("rollback", "lateness", "--in", "production", code=4).err
    assert "E709" in refused
    assert "erasure 0 of production" in words(refused)
    assert "E709" in project.run("promote", "lateness", "--to", "production", code=4).err
    assert "an entity was forgotten" in words(project.run("history").out)

    key = project.environment.pop("ERASURE_KEY")
    plan = words(project.run("plan", "sandbox", "--check", code=3).out)
    assert "data of an entity was erased (erasure 0 of production)" in plan
    assert "this machine cannot refresh: there is no key of tombstones" in plan
    assert "E454" in project.run("data", "refresh", "sandbox", "--yes", code=1).err
    project.environment["ERASURE_KEY"] = "another-key-of-erasures"
    assert "was made with the key" in words(project.run("data", "refresh", "sandbox", "--yes", code=1).err)
    project.environment["ERASURE_KEY"] = key

    project.run("apply", "sandbox", "--yes")
    finish = ("data", "forget", "production", "--finish", "--yes")
    waits = project.run(*finish, "-o", "json", code=3).json["erasures"][0]
    assert [model["environment"] for model in waits["waiting"]] == ["production"], "what serves stays"
    assert project.run("audit").code == 0
    project.promote()
    project.run("apply", "production", "--yes")
    assert project.served()["artifact"] != served
    done = project.run(*finish, "-o", "json").json["erasures"][0]
    assert done["certified"] is True
    assert words(project.run("audit").out).startswith("Everything is intact.")
    for place in ("sandbox", "production"):
        assert not (project.root / f".reconciler/{place}/blobs/sha256" / served.removeprefix("sha256:")).exists()
    project.run("apply", "sandbox", "--yes")
    project.run("plan", "production", "--check")
    _check_certificate(project, given)
    _check_predictions(project)


def _check_certificate(project: Project, given: tuple[str, ...]) -> None:
    store = project.root / ".reconciler/production"
    path = store / "certificates/production/erasure-0.json"
    verify = ("data", "forget", "production", "--verify")
    project.run(*verify, str(path))
    held = project.run(*verify, str(path), *given, "-o", "json").json
    assert held["problems"] == []
    assert held["searched"] > 20
    other = value_file(project, "008")
    assert "the value is not the one" in words(project.run(*verify, str(path), "--value-file", other, code=1).out)
    assert any(
        "the value is in" in line
        for line in project.run(*verify, str(path), "--value-file", other, "-o", "json", code=1).json["problems"]
    )
    certificate = json.loads(path.read_text())
    gone = next(each for each in certificate["objects"] if each["kind"] == "table")
    back = project.root / f".reconciler/{gone['environment']}/blobs/sha256" / gone["before"].removeprefix("sha256:")
    back.write_bytes(b"x")
    assert "is there" in project.run(*verify, str(path), code=1).out
    back.unlink()
    forged = project.root.parent / "forged.json"
    forged.write_text(path.read_text().replace(certificate["who"], "somebody"))
    project.run(*verify, str(forged), code=6)


def _check_predictions(project: Project) -> None:
    """The customer's rows are gone from the prediction log, and the others are there."""
    with (project.root / "data/invoices.csv").open(newline="") as stream:
        mine = {row["invoice_id"] for row in csv.DictReader(stream) if row["customer_id"] == VALUE}
    with (project.root / "predicted.csv").open(newline="") as stream:
        predicted = [row[0] for row in list(csv.reader(stream))[1:]]
    assert mine & set(predicted)
    (record,) = (
        each
        for path in sorted((project.root / ".reconciler/production/erased").glob("*.json"))
        for each in json.loads(path.read_text())["predictions"]
    )
    blob = project.root / ".reconciler/production/blobs/sha256" / record["after"].removeprefix("sha256:")
    with blob.open(newline="") as stream:
        kept = [row[0] for row in list(csv.reader(stream))[1:]]
    assert kept == [key for key in predicted if key not in mine]
    assert not (blob.parent / record["before"].removeprefix("sha256:")).exists()


def test_a_value_that_is_nowhere_leaves_a_tombstone_and_says_so(trained: Project) -> None:
    may_forget(trained)
    nowhere = (*FORGET[:4], "invoices.custmer_id", *FORGET[5:], "--value-file", value_file(trained, "7"))
    refused = words(trained.run(*nowhere, code=2).err)
    assert "table invoices of production has no column custmer_id" in refused
    assert "its columns: invoice_id, customer_id" in refused, (
        "a tombstone that no row can be told by stops each refresh"
    )
    said = words(trained.run(*FORGET, "--value-file", value_file(trained, "7")).out)
    assert "Erasure 0" in said
    assert "Nothing at hand holds this value." in said
    assert "the tables of production themselves" in said
    back = (*FORGET, "--returned", "--value-file", value_file(trained, "7"))
    assert trained.run(*back, "-o", "json").json["ended"] == [0]
    assert "no erasure of production is of this value" in words(trained.run(*back, code=2).err)
    assert "an entity came back (erasure 0 ended)" in words(trained.run("history").out)
    assert words(trained.run("data", "refresh", "sandbox", "--yes").out).startswith("Data snapshot 1:")
    stored = b"".join(path.read_bytes() for path in Path(trained.root / ".reconciler").rglob("*") if path.is_file())
    assert KEY.encode() not in stored


def test_the_value_is_asked_for_and_not_shown(trained: Project) -> None:
    """At a terminal: what is typed is not echoed, and nothing that is printed has it."""
    may_forget(trained)
    value = "0071-typed-and-not-shown"
    command = trained.command(*[each for each in FORGET if each != "--yes"])
    at_terminal = {name: text for name, text in trained.environment.items() if name != "CI"}
    child, terminal = pty.fork()
    if not child:
        os.chdir(trained.root)
        os.execvpe(command[0], command, at_terminal)  # noqa: S606  (no shell is wanted)
    shown = _until(terminal, "(not shown): ")
    assert "Value of invoices.customer_id" in shown
    os.write(terminal, f"{value}\n".encode())
    shown += _until(terminal, "Forget this entity?")
    os.write(terminal, b"y\n")
    shown += _until(terminal, None)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, shown
    assert "Erasure 0" in shown
    assert value not in shown
    known = trained.run(*FORGET, "--value-file", value_file(trained, value), "-o", "json").json
    assert known["known"] is True, "the value that was typed is the one that was forgotten"


def _until(terminal: int, text: str | None) -> str:
    """Return what is shown at a terminal until this text stands there; until its end for None."""
    shown = b""
    while text is None or text.encode() not in shown:
        try:
            read = os.read(terminal, 4096)
        except OSError:  # its other end is closed
            read = b""
        if not read:
            assert text is None, shown.decode()
            break
        shown += read
    return shown.decode()
