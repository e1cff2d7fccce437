"""An erased entity is gone from every store, and what learnt from it is made again to the bytes that never saw it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.effort import count
from tests.support.erasure_project import CANARY, ErasureProject, Tables, recipe_of

AFFECTED = {"its own rows", "joined to its row", "its past in rows of others"}


@pytest.mark.soak
def test_the_whole_contract(tmp_path: Path) -> None:
    models = count("ERASED_MODELS")
    project = ErasureProject(tmp_path / "one", models=models)
    project.apply()
    before = project.artifacts()
    never = ErasureProject(tmp_path / "two", models=models, tables=Tables(entity=False, shuffled=True))
    never.apply()
    without = never.artifacts()

    brute_force = {model for model, artifact in before.items() if without[model] != artifact}
    assert {recipe_of(model) for model in brute_force} == AFFECTED
    result = project.forget()
    assert {each.model for each in result.models} == brute_force
    assert result.not_searched == ("orders",)
    assert {table.name: table.rows for table in result.searched} == {"customers": 1, "invoices": 12, "payments": 12}

    project.apply()
    assert project.artifacts() == without, "as in a project that never held the entity, its rows in another order"
    assert [each.certified for each in project.finish().erasures] == [], "its time has not come"
    project.later()
    done = project.finish()
    assert done.is_done
    assert [path for path in project.files() if CANARY.encode() in path.read_bytes()] == []
    assert project.audit() == []

    project.returned()
    trained = project.apply()
    assert {recipe_of(model) for model in trained} == AFFECTED, "the others are taken up"
    assert project.artifacts() == before
    assert project.audit() == []
