"""The container file and the manifests for KServe say what `serve` takes, and what KServe reads."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from reconciler.cli.commands.serve import command
from reconciler.core.digest import is_digest
from tests.conftest import REPOSITORY

KSERVE = REPOSITORY / "deploy/kserve"
CONTAINER = (REPOSITORY / "deploy/Containerfile.serve").read_text()


def manifest(name: str) -> Any:
    return yaml.safe_load((KSERVE / name).read_text())


def given(arguments: list[str], **values: str) -> dict[str, Any]:
    """Parse the arguments of the command as the container gets them, with what KServe puts into them."""
    (entry,) = re.findall(r"^ENTRYPOINT (.+)$", CONTAINER, re.MULTILINE)
    program, name, *first = json.loads(entry)
    assert (program, name) == ("reconciler", "serve")
    for placeholder, value in values.items():
        arguments = [argument.replace(placeholder, value) for argument in arguments]
    names = ["-h", "--help"]  # as the program has them: a command keeps those that it is first asked for
    return command.make_context("serve", [*first, *arguments], help_option_names=names).params


def test_the_runtime_serves_what_kserve_fetches_by_the_digest_that_the_service_pins() -> None:
    runtime, service = manifest("serving-runtime.yaml"), manifest("inference-service.yaml")
    assert (runtime["apiVersion"], runtime["kind"]) == ("serving.kserve.io/v1alpha1", "ServingRuntime")
    assert (service["apiVersion"], service["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    model = service["spec"]["predictor"]["model"]
    assert model["runtime"] == runtime["metadata"]["name"]
    assert runtime["spec"]["protocolVersions"] == [model["protocolVersion"]] == ["v2"]
    (form,) = runtime["spec"]["supportedModelFormats"]
    assert {"name": form["name"], "version": form["version"]} == model["modelFormat"]

    (pinned,) = model["env"]
    digest = pinned["value"]
    assert is_digest(digest)
    assert model["storageUri"].endswith(f"/orders/releases/{digest.removeprefix('sha256:')}")

    (container,) = runtime["spec"]["containers"]
    assert container["name"] == "kserve-container"
    params = given(container["args"], **{"{{.Name}}": service["metadata"]["name"], f"$({pinned['name']})": digest})
    assert params["release"] == "/mnt/models"  # where KServe puts what it fetched
    assert (params["name"], str(params["digest"])) == ("orders", digest)
    (port,) = container["ports"]
    assert params["port"] == port["containerPort"] == 8080
    for probe, path in (("readinessProbe", "/v2/health/ready"), ("livenessProbe", "/v2/health/live")):
        assert container[probe]["httpGet"] == {"path": path, "port": 8080}


def test_the_container_begins_with_the_image_that_has_the_extra_and_gets_no_right_of_its_own() -> None:
    assert re.findall(r"^FROM (.+)$", CONTAINER, re.MULTILINE) == ["${RECONCILER}"]
    assert not re.search(r"^(USER|RUN|ADD|COPY) ", CONTAINER, re.MULTILINE)
    lines = (REPOSITORY / "Makefile").read_text().splitlines()
    (lock,) = (line for line in lines if "-o requirements-container.lock" in line)
    assert "--extra serve" in lock
    security = manifest("serving-runtime.yaml")["spec"]["containers"][0]["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["readOnlyRootFilesystem"] is True
    assert given(["production"])["environment"] == "production"
