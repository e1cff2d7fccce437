"""Names lead to implementations; doubt is an error that says what there is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler import registry
from reconciler.errors import UsageError


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages; `offer` puts one there."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def offer(packages: Path, package: str, line: str, *, kind: str = "stores") -> None:
    folder = packages / f"{package}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[reconciler.{kind}]\n{line}\n")


@pytest.mark.parametrize("kind", sorted(registry.BUILT_IN))
def test_everything_in_our_table_can_be_imported(kind: str) -> None:
    for name in registry.BUILT_IN[kind]:
        assert isinstance(registry.load(kind, name), type)


def test_a_package_adds_a_name(packages: Path) -> None:
    (packages / "s3_store.py").write_text("class S3Store: pass\n")
    offer(packages, "s3-store", "s3 = s3_store:S3Store")
    assert registry.load("stores", "s3").__name__ == "S3Store"
    assert registry.names("stores") == ("files", "s3")


def test_a_package_cannot_take_the_place_of_ours(packages: Path) -> None:
    offer(packages, "imposter", "files = imposter:Evil")
    assert registry.load("stores", "files").__module__ == "reconciler.adapters.store_files"


def test_a_name_that_two_packages_give_is_an_error_that_names_both(packages: Path) -> None:
    offer(packages, "one", "s3 = one:Store")
    offer(packages, "two", "s3 = two:Store")
    with pytest.raises(UsageError, match="'s3' is given by one and two"):
        registry.load("stores", "s3")


def test_an_unknown_name_says_what_there_is_and_what_is_near() -> None:
    with pytest.raises(UsageError, match="there is no 'flies'") as refused:
        registry.load("stores", "flies")
    assert refused.value.hint == "did you mean 'files'? there is: files"


@pytest.mark.parametrize("line", ["s3 = no_such_module_here:Store", "s3 = json:NoSuchName"])
def test_a_package_that_is_broken_is_a_usage_error(packages: Path, line: str) -> None:
    offer(packages, "broken", line)
    with pytest.raises(UsageError, match="cannot be imported"):
        registry.load("stores", "s3")


def test_our_own_names_ask_nobody_and_import_nothing_else() -> None:
    script = (
        "import sys; from reconciler import registry; registry.load('stores', 'files');"
        "print(sorted({'importlib.metadata', 'git', 'duckdb', 'sklearn', 'pandas'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
