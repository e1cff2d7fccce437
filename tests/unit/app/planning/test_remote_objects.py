"""Which stores a plan may be remembered of, and what is known of where they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.app.planning import remote_objects
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.storage.location import StorageLocation
from tests.simulation import sample_project

S3 = StorageLocation(uses="s3", settings=(("bucket", "models"), ("prefix", "a")))


def declared(*, store: StorageLocation | None = None, target: StorageLocation | None = None) -> DesiredState:
    production = sample_project.PRODUCTION
    production = replace(production, store=store or production.store, target=target or production.target)
    return sample_project.desired("c0", seed=1, production=production)


def test_what_a_store_of_another_package_was_asked_is_not_known() -> None:
    another = StorageLocation(uses="acme", settings=(("place", "here"),))
    assert remote_objects.are_all_observed(declared())
    assert remote_objects.are_all_observed(declared(store=S3, target=S3))
    assert not remote_objects.are_all_observed(declared(store=another))
    assert not remote_objects.are_all_observed(declared(target=another))


def test_on_disks_nothing_is_asked() -> None:
    assert remote_objects.parts_of(declared()) == ""


def test_an_address_of_the_operator_is_compared_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://storage.example")
    parts = remote_objects.parts_of(declared(store=S3))
    assert "example" not in parts
    asked = remote_objects.asked_states(parts, ["/a/file"])
    assert asked is not None
    assert asked() == {}
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://other.example")
    assert remote_objects.asked_states(parts, ["/a/file"]) is None


def test_a_path_of_a_bucket_that_nobody_declared_is_no_path() -> None:
    with pytest.raises(KeyError):
        remote_objects.asked_states(remote_objects.parts_of(declared(store=S3)), ["\0staging.store\0store.json"])
