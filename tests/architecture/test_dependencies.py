"""What a host must install: the run-time dependencies are exactly the libraries that the package imports there."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.architecture.test_layers import FILES, PACKAGE, imports_of

REPOSITORY = PACKAGE.parent
DECLARED = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
IMPORTED_AS = {"pyyaml": "yaml", "scikit-learn": "sklearn", "pygithub": "github"}
IMPORTED_AS |= {"python-gitlab": "gitlab", "adbc-driver-postgresql": "adbc_driver_postgresql"}
IMPORTED_AS |= {
    "adbc-driver-manager": "adbc_driver_manager",
    "xgboost-cpu": "xgboost",
    "prometheus-client": "prometheus_client",
}
# zoneinfo, of the standard library, reads it where the machine has no time zones of its own.
NOT_IMPORTED = {"tzdata"}
# Libraries that a dependency of ours brings for its own use, and that we import beside it.
BROUGHT_ALONG = {"numpy", "joblib", "threadpoolctl", "pydantic_core", "requests", "cryptography"}
OF_AN_EXTRA = {"pandas": "notebook", "obstore": "stores", "github": "github", "gitlab": "gitlab"}
OF_AN_EXTRA |= {"adbc_driver_postgresql": "postgres", "adbc_driver_manager": "postgres"}
OF_AN_EXTRA |= {"sqlalchemy": "sql", "deltalake": "delta", "apprise": "notify", "matplotlib": "report"}
OF_AN_EXTRA |= {"starlette": "serve", "uvicorn": "serve", "prometheus_client": "serve"}
OF_AN_EXTRA |= {"sigstore": "keyless"}
OF_AN_EXTRA |= {"lightgbm": "lightgbm", "xgboost": "xgboost", "distributed": "dask"}


def module_of(requirement: str) -> str:
    name = Requirement(requirement).name
    return IMPORTED_AS.get(name, name)


def imported() -> set[str]:
    import sys

    names = {name.partition(".")[0] for path in FILES for _, name in imports_of(path)}
    return names - set(sys.stdlib_module_names) - {"reconciler", "__future__"}


def test_a_run_time_dependency_is_imported_somewhere() -> None:
    declared = {module_of(text) for text in DECLARED["dependencies"]} - NOT_IMPORTED
    assert declared - imported() == set()


def test_what_is_imported_is_a_run_time_dependency_or_of_an_extra_that_says_so() -> None:
    declared = {module_of(text) for text in DECLARED["dependencies"]}
    extras = DECLARED["optional-dependencies"]
    for module in sorted(imported() - declared - BROUGHT_ALONG - {"click"}):
        assert module in OF_AN_EXTRA, module
        assert module in {module_of(text) for text in extras[OF_AN_EXTRA[module]]}, module


@pytest.mark.parametrize("lock", sorted(path.name for path in REPOSITORY.glob("requirements*.lock")))
def test_pip_23_can_read_a_lock_that_names_extras(lock: str) -> None:
    """It refuses a lock in which `name[extra]` comes after a package that needs the name alone."""
    named = re.findall(r"^[A-Za-z0-9_.-]+(\[?)", (REPOSITORY / lock).read_text(), re.MULTILINE)
    assert named == sorted(named, reverse=True), "python .ci/extras_first.py requirements*.lock"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-action.lock", "requirements-fuzz.lock"])
def test_a_production_host_installs_no_library_of_notebooks_and_reports(lock: str) -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)[^=]*==", (REPOSITORY / lock).read_text(), re.MULTILINE))
    assert {Requirement(text).name for text in DECLARED["dependencies"]} <= locked
    assert not locked & {"pandas", "matplotlib", "jinja2", "ipykernel", "nbclient"}
