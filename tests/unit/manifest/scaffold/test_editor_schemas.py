"""The schemas that a project gets are those of this version, and a modeline leads from each manifest to its own."""

from __future__ import annotations

import posixpath

import pytest

from reconciler.manifest.scaffold import editor_schemas
from reconciler.manifest.schema.documents import KINDS
from reconciler.manifest.schema.write_json_schemas import text_of


def test_a_project_gets_the_schema_of_each_kind() -> None:
    assert editor_schemas.files() == {f"schemas/{kind.lower()}.json": text_of(kind) for kind in KINDS}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("reconciler.yaml", "project"),
        ("environments/production.yaml", "environment"),
        ("manifests/sandbox/orders.yaml", "model"),
    ],
)
def test_the_modeline_leads_to_the_schema_of_the_kind(path: str, kind: str) -> None:
    first, rest = editor_schemas.with_modeline(path, "kind: x\n").split("\n", 1)
    assert rest == "kind: x\n"
    start, _, named = first.partition("=")
    assert start == "# yaml-language-server: $schema"
    assert posixpath.normpath(posixpath.join(posixpath.dirname(path), named)) == f"schemas/{kind}.json"
