"""A model is served from an MLflow registry, and loaded from there as MLflow loads it; a hand's work there is told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from reconciler.adapters.registries.mlflow_records import pairs
from reconciler.api.mlflow_pyfunc import _load_pyfunc
from reconciler.errors import IntegrityError
from tests.support.fake_mlflow import FakeMlflow, fake_mlflow
from tests.support.project import Project

NAME = "lateness"


def serve_from(project: Project, address: str) -> None:
    declared = project.root / "environments/production.yaml"
    there = f"{{uses: mlflow, tracking: '{address}'}}"
    declared.write_text(declared.read_text().replace("{uses: directory, root: serving}", there))
    project.commit("Serve from MLflow")


def fetched(fake: FakeMlflow, folder: Path) -> Path:
    """What MLflow's client fetches of the version that the alias names, and where its `MLmodel` says that data are."""
    version = fake.versions[NAME][fake.alias(NAME, "production") or 0]
    start = version["source"].removeprefix("mlflow-artifacts:/") + "/"
    for path, body in fake.files.items():
        if path.startswith(start):
            (folder / path.removeprefix(start)).parent.mkdir(parents=True, exist_ok=True)
            (folder / path.removeprefix(start)).write_bytes(body)
    flavour = yaml.safe_load((folder / "MLmodel").read_text())["flavors"]["python_function"]
    assert flavour["loader_module"] == "reconciler.api.mlflow_pyfunc"
    return folder / str(flavour["data"])


def test_a_model_is_deployed_rolled_back_and_loaded_from_a_registry(redeployed: Project, tmp_path: Path) -> None:
    with fake_mlflow() as fake:
        serve_from(redeployed, fake.address)
        redeployed.run("apply", "production", "--yes")
        assert redeployed.model_status("production")["sync"] == "IN_SYNC"
        second = pairs(_tags(fake))["reconciler.digest"]
        redeployed.run("predict", NAME, "--in", "production", "--out", str(tmp_path / "a.csv"))

        redeployed.run("rollback", "production", NAME, "--now", "--reason", "wrong figures")
        tags = pairs(_tags(fake))
        assert tags["reconciler.digest"] != second
        assert tags["reconciler.action"] == "deploy"
        assert "passed: " in tags["reconciler.gates"]
        assert tags["reconciler.reason"]

        data = fetched(fake, tmp_path / "fetched")
        model = _load_pyfunc(str(data))
        assert model.model.digest == tags["reconciler.digest"]
        row = {
            "amount": 90.0,
            "issued": "2024-12-01",
            "due": "2024-12-31",
            "prior": 3,
            "prior_late": 4.0,
            "country": "DE",
        }
        assert model.predict(pd.DataFrame([row]))[0] in ("on_time", "late")
        (data / "schema.json").write_bytes(b"{}")
        with pytest.raises(IntegrityError):
            _load_pyfunc(str(data))

        fake.models[NAME]["aliases"]["production"] = 1
        found = redeployed.run("drift", "production", "-o", "json", code=3).out
        assert "wrong-digest" in found
        redeployed.run("apply", "production", "--yes", code=None)
        assert pairs(_tags(fake))["reconciler.digest"] == tags["reconciler.digest"]
        redeployed.run("audit")


def test_an_address_that_is_not_safe_is_refused_and_a_variable_that_is_not_set_is_named(project: Project) -> None:
    declared = project.root / "environments/production.yaml"
    text = declared.read_text()
    for place in ("http://mlflow.example.org", "https://ada:hidden@mlflow.example.org", "mlflow", "env:A B"):
        declared.write_text(text.replace("{uses: directory, root: serving}", f"{{uses: mlflow, tracking: '{place}'}}"))
        said = project.run("validate", code=2)
        assert "E206" in said.out or "E219" in said.out  # a password in a URL has a rule of its own
        assert "hidden" not in said.out + said.err
    declared.write_text(text)
    serve_from(project, "env:TRACKING_OF_BOOKS")
    said = project.run("status", "production", code=None)
    assert "TRACKING_OF_BOOKS" in said.out + said.err


def _tags(fake: FakeMlflow) -> list[dict[str, str]]:
    tags = fake.versions[NAME][fake.alias(NAME, "production") or 0]["tags"]
    return [{"key": key, "value": text} for key, text in tags.items()]
