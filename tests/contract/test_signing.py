"""Signatures: in memory, and by securesystemslib with keys of each scheme in files."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.signing.key_files import write_key
from reconciler.adapters.signing.signer import KeySigner, open_signer
from reconciler.adapters.signing.verifier import DsseVerifier, library_key
from reconciler.core.digest import hex_of
from reconciler.core.trust.keys import Scheme, public_key
from reconciler.errors import UsageError
from reconciler.ports import Signer, Verifier
from reconciler.testing.contracts.signing import DOCUMENT, TYPE, SigningContract
from reconciler.testing.memory_keys import MemorySigner, MemoryVerifier


class TestMemory(SigningContract):
    def signers(self) -> tuple[Signer, Signer]:
        return MemorySigner("one"), MemorySigner("two")

    def verifier(self) -> Verifier:
        return MemoryVerifier()


def signer_of(folder: Path, name: str, scheme: Scheme) -> Signer:
    file = folder / f"{name}.pem"
    key = write_key(file, None, scheme)
    made = open_signer(f"file:{file}", None, inside=None)
    assert made.key == key == public_key(key.pem)
    return made


class TestEd25519(SigningContract):
    scheme = Scheme.ED25519

    @pytest.fixture(autouse=True)
    def _keys(self, tmp_path: Path) -> None:
        self.made = signer_of(tmp_path, "one", self.scheme), signer_of(tmp_path, "two", self.scheme)

    def signers(self) -> tuple[Signer, Signer]:
        return self.made

    def verifier(self) -> Verifier:
        return DsseVerifier()


class TestP256(TestEd25519):
    scheme = Scheme.P256


class TestP384(TestEd25519):
    scheme = Scheme.P384


def test_keys_of_ed25519_sign_and_are_checked_without_the_library_of_all_services(tmp_path: Path) -> None:
    """It takes longer to import than all that a deploy signs and checks."""
    program = f"""
import sys
from reconciler.adapters.signing.signer import open_signer
from reconciler.adapters.signing.verifier import DsseVerifier
signer = open_signer("file:{tmp_path}/one.pem", None, inside=None)
made = signer.sign("type", b"document")
assert DsseVerifier().signed_by("type", b"document", [made], [signer.key]) == {{signer.key.id}}
assert "cryptography" in sys.modules and not any(name.startswith("securesystemslib") for name in sys.modules)
"""
    write_key(tmp_path / "one.pem", None)
    subprocess.run([sys.executable, "-c", program], check=True)


def test_both_libraries_take_what_the_other_signs_with_ed25519(tmp_path: Path) -> None:
    """A file in another form of PEM than ours is opened by securesystemslib's way: both sign and check the same."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner, Signature

    ours = signer_of(tmp_path, "one", Scheme.ED25519)
    private: Any = load_pem_private_key((tmp_path / "one.pem").read_bytes(), None)
    theirs = KeySigner(CryptoSigner(private, library_key(ours.key)), ours.key)
    for document in (b"", DOCUMENT, b"x" * 70_000):
        assert ours.sign(TYPE, document) == theirs.sign(TYPE, document)
        keyid, made = hex_of(ours.key.id), base64.b64decode(ours.sign(TYPE, document).value)
        assert Envelope(document, TYPE, {keyid: Signature(keyid, made.hex())}).verify([library_key(ours.key)], 1)


def test_production_checks_ed25519_without_the_extra(tmp_path: Path) -> None:
    """The library alone can: where the extra is not installed, too."""
    one = signer_of(tmp_path, "one", Scheme.ED25519)
    signature = one.sign(TYPE, DOCUMENT)
    program = f"""
import sys
sys.modules["cryptography"] = None
from reconciler.adapters.signing.verifier import DsseVerifier
from reconciler.core.trust.keys import Signature, public_key
key = public_key({one.key.pem!r})
right, wrong = ({signature.value!r}, {signature.value[:-8]!r} + "AAAAAA==")
for value, expected in ((right, 1), (wrong, 0)):
    found = DsseVerifier().signed_by({TYPE!r}, {DOCUMENT!r}, [Signature(key=key.id, value=value)], [key])
    assert len(found) == expected, (value, found)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_private_key_is_its_owners_alone_and_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "new" / "trainer.pem"
    before = os.umask(0)
    try:
        write_key(file, None)
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600
    body = file.read_bytes()
    with pytest.raises(UsageError, match="never overwritten"):
        write_key(file, None)
    assert file.read_bytes() == body


def test_a_private_key_is_never_in_the_repository_whatever_its_path_says(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (tmp_path / "link").symlink_to(repository)
    (tmp_path / "link.pem").symlink_to(repository / "inside.pem")
    for path in ("repository/x.pem", "link/x.pem", "elsewhere/../repository/x.pem", "link.pem"):
        with pytest.raises(UsageError, match="inside the repository"):
            write_key(tmp_path / path, repository)
    assert not list(repository.iterdir())
    write_key(tmp_path / "outside.pem", repository)
    (repository / "copied.pem").write_bytes((tmp_path / "outside.pem").read_bytes())
    with pytest.raises(UsageError, match="inside the repository"):
        open_signer(f"file:{repository}/copied.pem", None, inside=repository)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_private_key_that_others_may_read_is_not_used(tmp_path: Path, mode: int) -> None:
    write_key(tmp_path / "one.pem", None)
    (tmp_path / "one.pem").chmod(mode)
    with pytest.raises(UsageError, match="others may read") as told:
        open_signer(f"file:{tmp_path}/one.pem", None, inside=None)
    assert told.value.hint == f"chmod 600 {tmp_path}/one.pem"


@pytest.mark.parametrize(
    ("uri", "public", "said"),
    [
        ("file:/nowhere/at/all.pem", None, "cannot be read"),
        ("sigstore:?identity=a@example.org", None, "keyless signatures"),
        ("awskms:secret-alias", None, "RECONCILER_SIGNING_PUBLIC"),
        ("awskms:secret-alias", "/nowhere.pub", "no public key"),
    ],
)
def test_a_key_that_cannot_be_opened_is_told_without_its_address(uri: str, public: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said) as told:
        open_signer(uri, public, inside=None)
    assert told.value.code == "E523"
    assert "secret-alias" not in str(told.value)


def test_a_scheme_that_the_library_does_not_know_is_told(tmp_path: Path) -> None:
    key = write_key(tmp_path / "one.pem", None)
    (tmp_path / "one.pub").write_text(key.pem)
    with pytest.raises(UsageError, match="of scheme 'nokms' cannot be opened"):
        open_signer("nokms:secret-alias", str(tmp_path / "one.pub"), inside=None)


def test_a_file_without_a_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "one.pem").write_text("nothing")
    (tmp_path / "one.pem").chmod(0o600)
    with pytest.raises(UsageError, match="holds no private key"):
        open_signer(f"file:{tmp_path}/one.pem", None, inside=None)
