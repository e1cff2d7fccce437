"""Signatures without keys (Sigstore): made at services on loopback, checked without a network."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from reconciler.adapters.signing.signer import open_signer
from reconciler.adapters.signing.verifier import DsseVerifier
from reconciler.core.digest import Digest
from reconciler.core.trust.keys import PublicKey, Signature, identity_key
from reconciler.errors import UsageError
from reconciler.ports import Signer, Verifier
from reconciler.testing.contracts.signing import DOCUMENT, TYPE, SigningContract
from tests.support.sigstore_authority import DEPLOYER, ISSUER, TRAINER, SigstoreAuthority
from tests.support.sigstore_services import config, services, token

CONFIG = "RECONCILER_SIGSTORE_CONFIG"
URI = f"sigstore:?identity={TRAINER.replace('@', '%40')}&issuer={ISSUER}"
Bundle = dict[str, Any]


class Certified:
    """Signs as an identity that an authority certifies. Implements ports.Signer."""

    def __init__(self, authority: SigstoreAuthority, identity: str) -> None:
        self._authority, self._identity = authority, identity

    @property
    def key(self) -> PublicKey:
        return identity_key(self._identity, ISSUER)

    def sign(self, payload_type: str, payload: bytes) -> Signature:
        return signature_of(self._authority.bundle(payload_type, payload, self._identity), self._identity)


def signature_of(bundle: Bundle, identity: str = TRAINER, issuer: str = ISSUER) -> Signature:
    text = json.dumps(bundle).encode()
    return Signature(key=identity_key(identity, issuer).id, value=base64.b64encode(text).decode())


def accepted(signature: Signature, key: PublicKey, document: bytes = DOCUMENT) -> frozenset[Digest]:
    return DsseVerifier().signed_by(TYPE, document, [signature], [key])


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SigstoreAuthority:
    made = SigstoreAuthority()
    (tmp_path / "config.json").write_text(json.dumps(config(made)))
    monkeypatch.setenv(CONFIG, str(tmp_path / "config.json"))
    return made


class TestCertified(SigningContract):
    @pytest.fixture(autouse=True)
    def _signers(self, authority: SigstoreAuthority) -> None:
        one, other = Certified(authority, TRAINER), Certified(authority, DEPLOYER)
        self.made: tuple[Signer, Signer] = (one, other)

    def signers(self) -> tuple[Signer, Signer]:
        return self.made

    def verifier(self) -> Verifier:
        return DsseVerifier()


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with services(SigstoreAuthority()) as named:
        (tmp_path / "served.json").write_text(json.dumps(named))
        monkeypatch.setenv(CONFIG, str(tmp_path / "served.json"))
        monkeypatch.setenv("GITLAB_CI", "true")
        for other in ("GITHUB_ACTIONS", "BUILDKITE", "CIRCLECI"):
            monkeypatch.delenv(other, raising=False)
        yield


@pytest.mark.usefixtures("served")
def test_a_job_signs_by_its_token_and_the_bundle_is_checked_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", token(TRAINER))
    signer = open_signer(URI, None, inside=None)
    signature = signer.sign(TYPE, DOCUMENT)
    assert signer.key == identity_key(TRAINER, ISSUER)
    assert accepted(signature, signer.key) == {signer.key.id}
    assert not accepted(signature, signer.key, DOCUMENT + b" ")


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("given", [token(DEPLOYER), token(TRAINER, "https://issuer.example.org")])
def test_a_token_of_another_identity_or_issuer_signs_nothing(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", given)
    with pytest.raises(UsageError, match="of another identity or issuer") as told:
        open_signer(URI, None, inside=None).sign(TYPE, DOCUMENT)
    assert told.value.code == "E523"


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("given", [None, "", "no.token", "a" * 10_000])
def test_a_job_without_a_token_is_told(given: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if given is None:
        monkeypatch.delenv("SIGSTORE_ID_TOKEN", raising=False)
        monkeypatch.delenv("GITLAB_CI")
    else:
        monkeypatch.setenv("SIGSTORE_ID_TOKEN", given)
    with pytest.raises(UsageError, match="keyless signature") as told:
        open_signer(URI, None, inside=None).sign(TYPE, DOCUMENT)
    assert told.value.code == "E523"
    assert given is None or len(given) < 3 or given not in str(told.value)


def changed(place: str, value: Callable[[Any], Any]) -> Callable[[Bundle, SigstoreAuthority], Bundle]:
    """Change one member of a bundle, by its path."""

    def change(bundle: Bundle, _: SigstoreAuthority) -> Bundle:
        node: Any = bundle
        *way, last = (int(part) if part.isdecimal() else part for part in place.split("."))
        for part in way:
            node = node[part]
        node[last] = value(node[last])
        return bundle

    return change


def flipped(text: str) -> str:
    body = bytearray(base64.b64decode(text))
    body[-1] ^= 1
    return base64.b64encode(bytes(body)).decode()


def of_another_document(bundle: Bundle, authority: SigstoreAuthority) -> Bundle:
    """The log's proof of another signature by the same identity."""
    other = authority.bundle(TYPE, b"other", TRAINER)
    bundle["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
    return bundle


def of_another_authority(bundle: Bundle, _: SigstoreAuthority) -> Bundle:
    del bundle
    return SigstoreAuthority().bundle(TYPE, DOCUMENT, TRAINER)


def logged_by_another(bundle: Bundle, _: SigstoreAuthority) -> Bundle:
    entry = bundle["verificationMaterial"]["tlogEntries"][0]
    bundle["verificationMaterial"]["tlogEntries"] = [
        SigstoreAuthority().logged(base64.b64decode(entry["canonicalizedBody"]))
    ]
    return bundle


def after_its_minutes(bundle: Bundle, authority: SigstoreAuthority) -> Bundle:
    """Logged an hour after the certificate's end: a key that was kept, or stolen, and used later."""
    entry = bundle["verificationMaterial"]["tlogEntries"][0]
    authority.at += timedelta(hours=1)
    bundle["verificationMaterial"]["tlogEntries"] = [authority.logged(base64.b64decode(entry["canonicalizedBody"]))]
    return bundle


LOG = "verificationMaterial.tlogEntries.0."
FORGED: dict[str, Callable[[Bundle, SigstoreAuthority], Bundle]] = {
    "another signature": changed("messageSignature.signature", flipped),
    "another digest": changed("messageSignature.messageDigest.digest", flipped),
    "a changed certificate": changed("verificationMaterial.certificate.rawBytes", flipped),
    "another entry": changed(f"{LOG}canonicalizedBody", flipped),
    "another time": changed(f"{LOG}integratedTime", lambda when: str(int(when) - 1)),
    "no promise": changed(f"{LOG}inclusionPromise", lambda _: None),
    "a changed promise": changed(f"{LOG}inclusionPromise.signedEntryTimestamp", flipped),
    "no proof": changed(f"{LOG}inclusionProof", lambda _: None),
    "another root": changed(f"{LOG}inclusionProof.rootHash", flipped),
    "an unsigned checkpoint": changed(f"{LOG}inclusionProof.checkpoint.envelope", lambda text: text[:-20] + "AAAA\n"),
    "a log of another place": changed(f"{LOG}inclusionProof.treeSize", lambda _: "2"),
    "no entry": changed("verificationMaterial.tlogEntries", lambda _: []),
    "two entries": changed("verificationMaterial.tlogEntries", lambda entries: entries * 2),
    "another form": changed("mediaType", lambda _: "application/vnd.dev.sigstore.bundle+json;version=9"),
    "an entry of another document": of_another_document,
    "another authority": of_another_authority,
    "another log": logged_by_another,
    "after its minutes": after_its_minutes,
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_bundle_is_a_wrong_signature(how: str, authority: SigstoreAuthority) -> None:
    key = identity_key(TRAINER, ISSUER)
    good = authority.bundle(TYPE, DOCUMENT, TRAINER)
    assert accepted(signature_of(good), key) == {key.id}
    assert not accepted(signature_of(FORGED[how](good, authority)), key)


@pytest.mark.parametrize(
    ("identity", "issuer"),
    [
        (DEPLOYER, ISSUER),
        (TRAINER, "https://issuer.example.org"),
        (f"{TRAINER}2", ISSUER),
        (TRAINER.removesuffix("main"), ISSUER),
        ("someone@example.org", ISSUER),
        (TRAINER.upper(), ISSUER),
    ],
)
def test_an_identity_is_exactly_one_name_by_one_issuer(
    identity: str, issuer: str, authority: SigstoreAuthority
) -> None:
    key = identity_key(TRAINER, ISSUER)
    assert not accepted(signature_of(authority.bundle(TYPE, DOCUMENT, identity, issuer)), key)


def test_a_bundle_of_years_ago_counts_as_long_as_the_identity_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = SigstoreAuthority(datetime.now(UTC) - timedelta(days=700))
    (tmp_path / "old.json").write_text(json.dumps(config(old)))
    monkeypatch.setenv(CONFIG, str(tmp_path / "old.json"))
    key = identity_key(TRAINER, ISSUER)
    assert accepted(signature_of(old.bundle(TYPE, DOCUMENT, TRAINER)), key) == {key.id}


@pytest.mark.parametrize(
    "large", [b"{}" + b" " * 300_000, b"[" * 200_000, b'{"mediaType":' * 20_000, b"\xff\xfe", b"7"]
)
@pytest.mark.usefixtures("authority")
def test_what_is_no_bundle_is_a_wrong_signature(large: bytes) -> None:
    key = identity_key(TRAINER, ISSUER)
    assert not accepted(Signature(key=key.id, value=base64.b64encode(large).decode()), key)


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"mediaType": 3}', "\N{SNOWMAN}"])
def test_a_configuration_that_is_none_is_told_and_nothing_is_taken_for_wrong(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: SigstoreAuthority
) -> None:
    if text is not None:
        (tmp_path / "bad.json").write_text(text)
    monkeypatch.setenv(CONFIG, str(tmp_path / "bad.json"))
    bundle = authority.bundle(TYPE, DOCUMENT, TRAINER)
    with pytest.raises(UsageError, match="names no client trust config") as told:
        accepted(signature_of(bundle), identity_key(TRAINER, ISSUER))
    assert told.value.code == "E523"


@pytest.mark.parametrize(
    "uri",
    [
        "sigstore:",
        "sigstore:?identity=a@example.org",
        f"sigstore:?issuer={ISSUER}",
        f"sigstore:?identity=&issuer={ISSUER}",
        f"sigstore:?identity=a%0Ab&issuer={ISSUER}",
        "sigstore:?identity=a&issuer=http://example.org",
        f"sigstore:?identity=a&identity=b&issuer={ISSUER}",
        f"sigstore:?identity=a&issuer={ISSUER}&ambient=false",
        f"sigstore:x?identity=a&issuer={ISSUER}",
    ],
)
def test_an_identity_that_is_none_is_told(uri: str) -> None:
    with pytest.raises(UsageError, match="which the URI must name") as told:
        open_signer(uri, None, inside=None)
    assert told.value.code == "E523"


@pytest.mark.parametrize("identity", ["team+ci@example.org", TRAINER, "repo:example/models?ref=main#1"])
def test_an_identity_is_what_the_uri_says_with_every_sign_in_it(identity: str) -> None:
    for written in (identity, quote(identity, safe="")):
        key = open_signer(f"sigstore:?identity={written}&issuer={ISSUER}", None, inside=None).key
        assert key.identity == (ISSUER, identity)


def test_the_keys_of_the_public_instance_are_in_the_library_and_need_no_network(tmp_path: Path) -> None:
    """A bundle of another authority is refused by them: they were read, from the package, by a process whose every
    connection is refused."""
    made = base64.b64encode(json.dumps(SigstoreAuthority().bundle(TYPE, DOCUMENT, TRAINER)).encode()).decode()
    program = f"""
import socket
def refuse(*_, **__): raise AssertionError("a connection")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from reconciler.adapters.signing import keyless
from reconciler.adapters.signing.verifier import DsseVerifier
from reconciler.core.trust.keys import Signature, identity_key
key = identity_key({TRAINER!r}, {ISSUER!r})
assert not DsseVerifier().signed_by({TYPE!r}, {DOCUMENT!r}, [Signature(key=key.id, value={made!r})], [key])
assert len(keyless._public().get_fulcio_certs()) > 1
"""
    environment = {name: value for name, value in os.environ.items() if name != CONFIG}
    subprocess.run([sys.executable, "-c", program], check=True, env={**environment, "HOME": str(tmp_path)})


def test_a_cache_folder_says_nothing_about_whom_to_trust(tmp_path: Path) -> None:
    """The library offline takes the keys that it finds in the user's cache, which CI systems share between branches."""
    authority = SigstoreAuthority()
    made = base64.b64encode(json.dumps(authority.bundle(TYPE, DOCUMENT, TRAINER)).encode()).decode()
    environment = {name: value for name, value in os.environ.items() if name != CONFIG and not name.startswith("XDG_")}
    environment["HOME"] = str(tmp_path)
    poison = f"""
from pathlib import Path
from sigstore.models import ClientTrustConfig
ClientTrustConfig.production(offline=True)
(found,) = Path({str(tmp_path)!r}).rglob("trusted_root.json")
found.write_text({json.dumps(authority.trusted_root())!r})
"""
    check = f"""
from reconciler.adapters.signing.verifier import DsseVerifier
from reconciler.core.trust.keys import Signature, identity_key
key = identity_key({TRAINER!r}, {ISSUER!r})
assert not DsseVerifier().signed_by({TYPE!r}, {DOCUMENT!r}, [Signature(key=key.id, value={made!r})], [key])
"""
    subprocess.run([sys.executable, "-c", poison], check=True, env=environment)
    subprocess.run([sys.executable, "-c", check], check=True, env=environment)


def test_without_the_extra_it_is_named() -> None:
    program = f"""
import sys
sys.modules["sigstore"] = None
from reconciler.adapters.signing.signer import open_signer
from reconciler.adapters.signing.verifier import DsseVerifier
from reconciler.core.trust.keys import Signature
from reconciler.errors import UsageError
signer = open_signer({URI!r}, None, inside=None)
made = Signature(key=signer.key.id, value="e30=")
for use in (lambda: signer.sign("t", b""), lambda: DsseVerifier().signed_by("t", b"", [made], [signer.key])):
    try:
        use()
    except UsageError as error:
        assert error.code == "E610" and "keyless" in error.hint, error
    else:
        raise AssertionError("used")
"""
    subprocess.run([sys.executable, "-c", program], check=True)
