"""`data forget` where every store is in a bucket: the same contract as on a disk."""

from __future__ import annotations

import io
import json

import pyarrow.parquet as pq
import pytest

from tests.e2e.promises.test_erasure import FORGET, VALUE, may_forget, value_file
from tests.object_storage.test_session import Remote, project

__all__ = ["project"]  # a fixture
pytestmark = [pytest.mark.needs("s3", "git"), pytest.mark.soak(only=True)]


def blobs(project: Remote, place: str) -> dict[str, bytes]:
    """Every blob of a store, by its digest."""
    bucket = project.inside(place)
    found = {key: bucket.get(key) for key in bucket.keys("blobs/sha256/")}
    return {f"sha256:{key.rpartition('/')[2]}": body[0] for key, body in found.items() if body is not None}


def holding(project: Remote, place: str) -> list[str]:
    """The tables of a store with rows of the customer."""
    tables = {
        digest: pq.read_table(io.BytesIO(body)) for digest, body in blobs(project, place).items() if body[:4] == b"PAR1"
    }
    return [
        digest
        for digest, table in tables.items()
        if "customer_id" in table.column_names and VALUE in table.column("customer_id").to_pylist()
    ]


def test_what_learnt_from_a_customer_is_replaced_and_removed_in_buckets(project: Remote) -> None:
    project.run("apply", "sandbox", "--yes")
    first = project.promote()
    project.run("apply", "production", "--yes")
    may_forget(project)
    assert holding(project, "sandbox")
    given = ("--value-file", value_file(project, VALUE))
    begun = project.run(*FORGET, *given, "-o", "json").json
    assert (begun["snapshots"], begun["builds"]) == (["sandbox/0"], 1)
    assert project.run(*FORGET, *given, "-o", "json").json["known"] is True
    assert project.model_status("production")["health"] == "DEGRADED"

    finish = ("data", "forget", "production", "--finish", "--yes", "-o", "json")
    assert project.run(*finish, code=3).json["erasures"][0]["waiting"], "what serves stays"
    project.run("apply", "sandbox", "--yes")
    second = project.promote()
    project.run("apply", "production", "--yes")
    assert project.served()["artifact"] == second != first
    assert project.run(*finish).json["erasures"][0]["certified"] is True

    for place in ("sandbox", "production"):
        assert first not in blobs(project, place)
        assert not holding(project, place)
    assert project.run("audit").out.startswith("Everything is intact.")
    found = project.inside("production").get("certificates/production/erasure-0.json")
    assert found is not None
    certificate = project.root.parent / "certificate.json"
    certificate.write_bytes(found[0])
    verify = ("data", "forget", "production", "--verify", str(certificate), *given, "-o", "json")
    held = project.run(*verify).json
    assert held["problems"] == []
    assert held["searched"] > 20

    # What comes back into a bucket is seen.
    gone = next(each for each in json.loads(certificate.read_text())["objects"] if each["kind"] == "table")
    key = f"blobs/sha256/{gone['before'].removeprefix('sha256:')}"
    project.inside(gone["environment"]).create(key, b"x")
    assert any("is there" in line for line in project.run(*verify, code=1).json["problems"])
