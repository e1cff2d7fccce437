"""The library of signatures is imported ahead where something signs or checks, and nowhere else."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = """\
import sys
from reconciler.adapters.signing.ahead import settled
from reconciler.app.signing.signer import begin_ahead
before = "cryptography" in sys.modules
begin_ahead(sys.argv[1].encode(), {"RECONCILER_SIGNING_KEY": sys.argv[2]} if sys.argv[2] else {})
begin_ahead(sys.argv[1].encode(), {})
settled()
print(before, "cryptography.hazmat.primitives.asymmetric.ed25519" in sys.modules)
"""
NO_LIBRARY = 'import sys\nsys.modules["cryptography"] = None\n'


def run(program: str, *arguments: str) -> str:
    ran = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return ran.stdout.strip()


@pytest.mark.parametrize(
    ("document", "key", "imported"),
    [("spec:\n  trust: {keys: {}}\n", "", True), ("spec: {}\n", "file:/key.pem", True), ("spec: {}\n", "", False)],
)
def test_it_is_imported_where_the_environment_trusts_keys_or_the_process_has_one(
    document: str, key: str, *, imported: bool
) -> None:
    assert run(BEGIN, document, key) == f"False {imported}"


def test_a_library_that_is_not_installed_is_told_by_who_uses_it() -> None:
    assert run(NO_LIBRARY + BEGIN, "spec: {trust: {}}", "") == "True False"
