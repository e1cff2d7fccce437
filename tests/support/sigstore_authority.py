"""An instance of Sigstore of our own, without a network: it certifies identities, and logs what they sign.

Fulcio (certificates for identities), its log of certificates, and Rekor (the log of signatures), each with a key made
here, as `TrustedRoot` names them. What it gives out has the form that the library `sigstore` verifies offline.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reconciler.adapters.signing.ed25519 import encoded

ISSUER = "https://token.actions.githubusercontent.com"
TRAINER = "https://github.com/example/models/.github/workflows/train.yml@refs/heads/main"
DEPLOYER = "https://github.com/example/models/.github/workflows/deploy.yml@refs/heads/main"
_ISSUER_OID = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_SCT_OID = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_SHA256 = ec.ECDSA(hashes.SHA256())
_SINCE = "2020-01-01T00:00:00Z"


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _der(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _text(body: bytes) -> str:
    return base64.b64encode(body).decode()


class SigstoreAuthority:
    """Certifies and logs. `at`: the moment of all that it does."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = (at or datetime.now(UTC)).replace(microsecond=0)
        self._fulcio, self._certificates, self.rekor = _key(), _key(), _key()
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "example sigstore")])
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._fulcio.public_key())
        usage = {"key_cert_sign": True, "crl_sign": True}
        self.root = (
            self._builder(name, name, self._fulcio.public_key(), days=3650)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(**usage), critical=True)
            .add_extension(identifier, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
            .sign(self._fulcio, hashes.SHA256())
        )

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, days: float
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.at - timedelta(minutes=1))
            .not_valid_after(self.at + timedelta(days=days))
        )

    def certificate(self, key: ec.EllipticCurvePublicKey, identity: str, issuer: str = ISSUER) -> x509.Certificate:
        """Return a certificate of ten minutes for an identity, which its log knows."""
        is_mail = "://" not in identity
        san = x509.RFC822Name(identity) if is_mail else x509.UniformResourceIdentifier(identity)
        of = x509.SubjectKeyIdentifier.from_public_key(self._fulcio.public_key())
        builder = (
            self._builder(x509.Name([]), self.root.subject, key, days=10 / 1440)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(of), critical=False)
            .add_extension(x509.SubjectAlternativeName([san]), critical=True)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_OID, issuer.encode()), critical=False)
        )
        precertificate = builder.sign(self._fulcio, hashes.SHA256())
        timestamps = x509.UnrecognizedExtension(_SCT_OID, self._timestamp(precertificate.tbs_certificate_bytes))
        return builder.add_extension(timestamps, critical=False).sign(self._fulcio, hashes.SHA256())

    def _timestamp(self, precertificate: bytes) -> bytes:
        """Return the list of one signed certificate timestamp (RFC 6962), as a certificate has it."""
        when = int(self.at.timestamp() * 1000)
        entry = hashlib.sha256(_der(self._fulcio.public_key())).digest() + _long(precertificate)
        signature = self._certificates.sign(struct.pack("!BBQH", 0, 0, when, 1) + entry + b"\0\0", _SHA256)
        log = hashlib.sha256(_der(self._certificates.public_key())).digest()
        signed = struct.pack("!BBH", 4, 3, len(signature)) + signature
        timestamp = b"\0" + log + struct.pack("!Q", when) + b"\0\0" + signed
        body = struct.pack("!H", len(timestamp)) + timestamp
        body = struct.pack("!H", len(body)) + body
        return bytes([0x04, len(body)] if len(body) < 128 else [0x04, 0x81, len(body)]) + body

    def logged(self, body: bytes) -> dict[str, Any]:
        """Return what Rekor answers to an entry, the only one of its log: in the form of a bundle."""
        log, when = hashlib.sha256(_der(self.rekor.public_key())).digest(), int(self.at.timestamp())
        promised = {"body": _text(body), "integratedTime": when, "logID": log.hex(), "logIndex": 0}
        promise = self.rekor.sign(json.dumps(promised, separators=(",", ":"), sort_keys=True).encode(), _SHA256)
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"rekor.example - 1\n1\n{_text(root)}\n"
        signed = _text(log[:4] + self.rekor.sign(note.encode(), _SHA256))
        return {
            "logIndex": "0",
            "logId": {"keyId": _text(log)},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
            "integratedTime": str(when),
            "inclusionPromise": {"signedEntryTimestamp": _text(promise)},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": _text(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 rekor.example {signed}\n"},
            },
            "canonicalizedBody": _text(body),
        }

    def bundle(self, payload_type: str, payload: bytes, identity: str, issuer: str = ISSUER) -> dict[str, Any]:
        """Return the bundle of a signature of a document, by somebody who is certified for this."""
        key, signed = _key(), encoded(payload_type, payload)
        certificate, signature = self.certificate(key.public_key(), identity, issuer), key.sign(signed, _SHA256)
        digest = hashlib.sha256(signed).digest()
        body = {
            "apiVersion": "0.0.1",
            "kind": "hashedrekord",
            "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": digest.hex()}},
                "signature": {
                    "content": _text(signature),
                    "publicKey": {"content": _text(certificate.public_bytes(Encoding.PEM))},
                },
            },
        }
        logged = self.logged(json.dumps(body, separators=(",", ":"), sort_keys=True).encode())
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _text(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [logged],
                "timestampVerificationData": {"rfc3161Timestamps": []},
            },
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": _text(digest)},
                "signature": _text(signature),
            },
        }

    def trusted_root(self) -> dict[str, Any]:
        """Return the document that names its keys."""
        logs = {
            name: {
                "baseUrl": f"http://localhost/{name}",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": _text(_der(key.public_key())),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": {"start": _SINCE},
                },
                "logId": {"keyId": _text(hashlib.sha256(_der(key.public_key())).digest())},
            }
            for name, key in (("rekor", self.rekor), ("certificates", self._certificates))
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [logs["rekor"]],
            "certificateAuthorities": [
                {
                    "subject": {"organization": "example", "commonName": "sigstore"},
                    "uri": "http://localhost/fulcio",
                    "certChain": {"certificates": [{"rawBytes": _text(self.root.public_bytes(Encoding.DER))}]},
                    "validFor": {"start": _SINCE},
                }
            ],
            "ctlogs": [logs["certificates"]],
            "timestampAuthorities": [],
        }


def _long(body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + body


def _usage(**given: bool) -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    every = (*names, "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: given.get(name, False) for name in every})
