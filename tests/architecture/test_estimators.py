"""A new estimator needs a check of its arrays, and so does every type that its file may hold."""

from __future__ import annotations

import ast

from reconciler.model_file.allowed_types import ESTIMATORS, LOADERS
from reconciler.model_file.structure.registry import CHECKS
from reconciler.training import estimator_catalog
from tests.architecture.test_layers import PACKAGE, tree_of


def test_every_estimator_of_the_catalogue_has_a_check_of_its_structure() -> None:
    assert set(CHECKS) == set(estimator_catalog.ESTIMATORS), "declare it in a module of model_file/structure"


def test_every_type_that_a_file_may_hold_is_named_by_a_check() -> None:
    """A type that no check names is refused after loading: it has no place in the list."""
    named: set[str] = set()
    for path in (PACKAGE / "model_file" / "structure").glob("*.py"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named.add(node.value.rpartition(".")[2])
    objects = LOADERS["ObjectNode"] | LOADERS["TreeNode"] | LOADERS["FunctionNode"]
    assert {kind.rpartition(".")[2] for kind in objects} - named == {"check_array"}  # imported, and compared with


def test_every_estimator_of_the_catalogue_may_be_in_a_file() -> None:
    listed = {kind.rpartition(".")[2] for kind in ESTIMATORS}
    assert set(estimator_catalog.ESTIMATORS) <= listed
    assert listed - set(estimator_catalog.ESTIMATORS) == {"ExtraTreeClassifier", "ExtraTreeRegressor"}
