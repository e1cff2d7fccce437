"""Where an environment keeps things: what each kind needs and takes, and that no two places lie in one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.storage.location import StorageLocation
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
TARGET = "{uses: directory, root: serving}"


def loaded(store: str, target: str = TARGET, sandbox: str = "") -> tuple[StorageLocation, StorageLocation | None]:
    """Production's store and target, as the manifests say them."""
    text = FILES["environments/production.yaml"].decode()
    assert text.count(TARGET) == 1
    production = text.replace(TARGET, target) + f"  store: {store}\n"
    files = {**FILES, "environments/production.yaml": production.encode()}
    if sandbox:
        files["environments/sandbox.yaml"] += f"  store: {sandbox}\n".encode()
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(files.items()))
    found = load(files, tree, revision="c", expressions=EXPRESSIONS).environment("production")
    assert found is not None
    return found.store, found.target


def problems(store: str, target: str = TARGET, sandbox: str = "") -> list[Problem]:
    with pytest.raises(InvalidManifestsError) as refused:
        loaded(store, target, sandbox)
    return list(refused.value.problems)


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("{uses: files, root: .reconciler/p}", ".reconciler/p"),
        ("{uses: s3, bucket: acme, prefix: p/store, region: eu-north-1}", "s3://acme/p/store"),
        ("{uses: s3, bucket: acme.models}", "s3://acme.models"),
        ("{uses: gcs, bucket: acme_models, prefix: p}", "gcs://acme_models/p"),
        ("{uses: azure, container: models, prefix: p, account: acme01}", "azure://acme01/models/p"),
        ("{uses: acme-vault, settings: {vault: models, zone: a}}", "acme-vault://vault=models,zone=a"),
    ],
)
def test_each_kind_says_where_it_is(said: str, address: str) -> None:
    assert loaded(said)[0].address == address
    if "files" not in said:
        assert loaded("{uses: files, root: .reconciler/p}", said)[1] == loaded(said)[0]


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ("{uses: files}", "E204", "spec.store"),
        ("{uses: s3, prefix: p}", "E204", "spec.store"),
        ("{uses: azure, prefix: p}", "E204", "spec.store"),
        ("{uses: s3, bucket: acme, root: p}", "E205", "spec.store.root"),
        ("{uses: gcs, bucket: acme, region: eu}", "E205", "spec.store.region"),
        ("{uses: azure, container: acme, bucket: acme}", "E205", "spec.store.bucket"),
        ("{uses: files, root: p, bucket: acme}", "E205", "spec.store.bucket"),
        ("{uses: s3, bucket: acme, settings: {a: b}}", "E205", "spec.store.settings"),
        ("{uses: acme-vault, bucket: acme, settings: {a: b}}", "E205", "spec.store.bucket"),
        ("{uses: directory, root: p}", "E205", "spec.store.uses"),
        ("{uses: s33, bucket: acme}", "E205", "spec.store.uses"),
        ("{uses: directory, root: p, settings: {a: b}}", "E205", "spec.store.uses"),
        ("{uses: s3, bucket: acme, endpoint: elsewhere}", "E203", "spec.store.endpoint"),
        ("{uses: s3, bucket: acme, region: evil.example.org}", "E206", "spec.store.region"),
        ("{uses: s3, bucket: acme, region: a/b}", "E206", "spec.store.region"),
        ("{uses: s3, bucket: acme/../b}", "E206", "spec.store.bucket"),
        ("{uses: s3, bucket: a..b}", "E206", "spec.store.bucket"),
        ("{uses: s3, bucket: ACME}", "E206", "spec.store.bucket"),
        ("{uses: s3, bucket: acme, prefix: ../other}", "E206", "spec.store.prefix"),
        ("{uses: s3, bucket: acme, prefix: /p}", "E206", "spec.store.prefix"),
        ("{uses: s3, bucket: acme, prefix: p/}", "E206", "spec.store.prefix"),
        ("{uses: azure, container: models, account: evil.example.org}", "E206", "spec.store.account"),
        ("{uses: azure, container: models, account: a@b}", "E206", "spec.store.account"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(said: str, code: str, field: str) -> None:
    assert (code, field) in [(one.code, one.field) for one in problems(said)]


def test_a_kind_that_is_nearly_ours_is_named() -> None:
    (found,) = [one for one in problems("{uses: s33, bucket: acme}") if one.field == "spec.store.uses"]
    assert "did you mean s3?" in found.message


@pytest.mark.parametrize(
    ("store", "target", "sandbox"),
    [
        ("{uses: s3, bucket: acme}", TARGET, "{uses: s3, bucket: acme, prefix: sandbox}"),
        ("{uses: s3, bucket: acme, prefix: a}", TARGET, "{uses: s3, bucket: acme, prefix: a/b}"),
        ("{uses: s3, bucket: acme, prefix: a, region: eu}", TARGET, "{uses: s3, bucket: acme, prefix: a, region: us}"),
        ("{uses: s3, bucket: acme, prefix: a}", "{uses: s3, bucket: acme, prefix: a/serving}", ""),
        ("{uses: files, root: serving/store}", TARGET, ""),
    ],
)
def test_no_place_lies_in_another(store: str, target: str, sandbox: str) -> None:
    assert "E212" in [one.code for one in problems(store, target, sandbox)]


@pytest.mark.parametrize(
    ("store", "target", "sandbox"),
    [
        ("{uses: s3, bucket: acme, prefix: a}", TARGET, "{uses: s3, bucket: acme, prefix: ab}"),
        ("{uses: s3, bucket: acme, prefix: a}", TARGET, "{uses: gcs, bucket: acme, prefix: a}"),
        ("{uses: s3, bucket: acme, prefix: a/store}", "{uses: s3, bucket: acme, prefix: a/serving}", ""),
        (
            "{uses: azure, container: models, account: one00}",
            TARGET,
            "{uses: azure, container: models, account: two00}",
        ),
    ],
)
def test_places_beside_one_another_are_apart(store: str, target: str, sandbox: str) -> None:
    loaded(store, target, sandbox)
