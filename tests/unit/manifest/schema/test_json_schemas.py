"""The committed JSON Schemas are those of the models, in draft-7 words, and take the shipped manifests."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from reconciler.manifest.schema.documents import KINDS
from reconciler.manifest.schema.write_json_schemas import path_of, schema_of, text_of

REPOSITORY = Path(__file__).resolve().parents[4]
EXAMPLES = {
    "Project": "reconciler.yaml",
    "Environment": "environments/production.yaml",
    "Model": "manifests/sandbox/customer-payments.yaml",
    "Experiment": "reconciler/manifest/example/experiments/lateness-search.yaml",
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_committed_schema_is_current(kind: str) -> None:
    assert path_of(kind).read_text() == text_of(kind), "run python -m reconciler.manifest.schema.write_json_schemas"


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_uses_draft_7_words_only(kind: str) -> None:
    text = json.dumps(schema_of(kind))
    assert not any(
        f'"{word}"' in text for word in ("$defs", "prefixItems", "unevaluatedProperties", "dependentRequired")
    )
    jsonschema.Draft7Validator.check_schema(schema_of(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_manifests_fit_and_a_misspelt_field_does_not(kind: str) -> None:
    # Dates stay text, as this tool and editors read them.
    loader = type("TextDates", (yaml.SafeLoader,), {"yaml_implicit_resolvers": {}})
    loader.yaml_implicit_resolvers = {
        key: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:timestamp"]
        for key, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    document = yaml.load((REPOSITORY / EXAMPLES[kind]).read_text(), Loader=loader)  # noqa: S506  (a SafeLoader)
    jsonschema.validate(document, schema_of(kind))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "metadta": {}}, schema_of(kind))
