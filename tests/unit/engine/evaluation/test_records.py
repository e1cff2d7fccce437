"""Evaluations in full as records: what is written is read back, and what was changed by hand is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.oci_artifact import Schema, SchemaColumn
from reconciler.core.digest import digest_of_bytes
from reconciler.core.evaluation.detailed import DetailedEvaluation, named_slices
from reconciler.engine.storage.evaluations import records
from reconciler.errors import IntegrityError
from reconciler.testing.memory import MemoryStore
from tests.support.evaluations import ARTIFACT, ROWS, days, three_classes


@pytest.mark.parametrize("detailed", [three_classes(), days()], ids=["classes", "days"])
def test_what_is_recorded_is_read_back_and_the_first_writer_wins(detailed: DetailedEvaluation, tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    assert records.read(store, ARTIFACT, ROWS) is None
    assert records.record(store, detailed) == detailed
    assert records.record(store, replace(detailed, note="a later one")) == detailed
    assert records.read(store, ARTIFACT, ROWS) == detailed


def test_a_record_that_was_changed_is_damaged(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    records.record(store, three_classes())
    key = store_layout.evaluation(ARTIFACT, ROWS)
    store.objects[key] = store.objects[key].replace(b"0.678", b"0.978")
    with pytest.raises(IntegrityError, match="checksum") as caught:
        records.read(store, ARTIFACT, ROWS)
    assert caught.value.code == "E508"


def test_a_record_of_another_artifact_is_misplaced(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    other = replace(three_classes(), artifact=digest_of_bytes(b"another"))
    store.objects[store_layout.evaluation(ARTIFACT, ROWS)] = codec.encode(other)
    with pytest.raises(IntegrityError, match="belongs under another name") as caught:
        records.read(store, ARTIFACT, ROWS)
    assert caught.value.code == "E509"


def test_the_category_of_a_slice_is_named_by_the_artifact_alone() -> None:
    columns = (SchemaColumn(name="channel", type="categorical", categories=("shop", "web")),)
    schema = Schema(task="classification", columns=columns, classes=(), key="id", tables=())
    assert b"web" not in codec.encode(three_classes())
    assert named_slices(three_classes(), schema).slices[0].name == "channel = web"
    with pytest.raises(ValueError, match="category 1 of channel"):
        named_slices(three_classes(), replace(schema, columns=()))
