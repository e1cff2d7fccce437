"""Where a sandbox trains: what is declared, what is refused, and where the refusal points."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.spec.compute import ClusterSecurity, DaskCompute
from reconciler.data.in_process import LocalExpressions
from reconciler.errors import InvalidManifestsError, Problem
from reconciler.manifest.loading.load import load
from reconciler.ports import TreeFile

REPOSITORY = Path(__file__).resolve().parents[4]
EXPRESSIONS = LocalExpressions()
FILES = {
    path: (REPOSITORY / path).read_bytes()
    for path in ("reconciler.yaml", "environments/sandbox.yaml", "environments/production.yaml", "requirements.lock")
}


def loaded(compute: str, environment: str = "sandbox") -> DaskCompute | None:
    path = f"environments/{environment}.yaml"
    files = {**FILES, path: FILES[path] + f"  compute: {compute}\n".encode()}
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(files.items()))
    found = load(files, tree, revision="c", expressions=EXPRESSIONS).environment(environment)
    assert found is not None
    return found.compute


def problem(compute: str, environment: str = "sandbox") -> Problem:
    with pytest.raises(InvalidManifestsError) as refused:
        loaded(compute, environment)
    (found,) = refused.value.problems
    return found


def test_this_machine_is_the_default_and_is_nothing_that_is_kept() -> None:
    assert loaded("{uses: local}") is None


def test_a_cluster_is_named_by_references_alone() -> None:
    security = "{ca: file:ca.pem, certificate: file:client.pem, key: env:KEY}"
    assert loaded(f"{{uses: dask, scheduler: env:DASK_SCHEDULER, security: {security}, wait: 1h}}") == DaskCompute(
        scheduler="env:DASK_SCHEDULER",
        security=ClusterSecurity(ca="file:ca.pem", certificate="file:client.pem", key="env:KEY"),
        wait=3600,
    )
    assert loaded("{uses: dask, scheduler: env:DASK_SCHEDULER}") == DaskCompute(scheduler="env:DASK_SCHEDULER")


def test_an_environment_that_does_not_train_computes_nowhere() -> None:
    for compute in ("{uses: local}", "{uses: dask, scheduler: env:S}"):
        found = problem(compute, "production")
        assert (found.code, found.field) == ("E209", "spec.compute")
        assert found.where.line == len(FILES["environments/production.yaml"].splitlines()) + 1
        assert found.message == "only a sandbox trains, so this environment has no `compute`"


@pytest.mark.parametrize(
    ("compute", "code", "field"),
    [
        ("{uses: dask}", "E204", "spec.compute"),
        ("{uses: local, scheduler: env:S}", "E205", "spec.compute.scheduler"),
        ("{uses: local, wait: 5m}", "E205", "spec.compute.wait"),
        ("{uses: ray, scheduler: env:S}", "E205", "spec.compute.uses"),
        ("{uses: dask, scheduler: 'tcp://127.0.0.1:8786'}", "E205", "spec.compute.scheduler"),
        ("{uses: dask, scheduler: env:S, security: {ca: file:ca.pem}}", "E204", "spec.compute.security"),
        ("{uses: dask, scheduler: env:S, workers: 4}", "E203", "spec.compute.workers"),
    ],
)
def test_what_nothing_would_heed_is_an_error(compute: str, code: str, field: str) -> None:
    with pytest.raises(InvalidManifestsError) as refused:
        loaded(compute)
    found = refused.value.problems[0]
    assert found.field is not None
    assert found.field.startswith(field), found
    assert found.code == code, found
