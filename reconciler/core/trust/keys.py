"""Public keys, and what an environment trusts them for: which role, from when until when, and how many must sign.

Pure. Nothing here checks a signature: `ports.Verifier` does.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import DefaultsLeftOut, Digest, digest_of_bytes, short

KEYS_FOLDER = "keys"


class TrustRole(StrEnum):
    """What a key may sign: what was trained and verified, or what was deployed and which controls are in force."""

    TRAINER = "trainer"
    PROMOTER = "promoter"


class Scheme(StrEnum):
    """The kinds of keys that are read, by the names that signing libraries have for them."""

    ED25519 = "ed25519"
    P256 = "ecdsa-sha2-nistp256"
    P384 = "ecdsa-sha2-nistp384"
    SIGSTORE = "sigstore"
    """No key: an identity that an issuer vouches for."""


_FORMS = {  # the beginning of a SubjectPublicKeyInfo (DER), and the number of bytes that follow it
    Scheme.ED25519: (bytes.fromhex("302a300506032b6570032100"), 32),
    Scheme.P256: (bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"), 64),
    Scheme.P384: (bytes.fromhex("3076301006072a8648ce3d020106052b8104002203620004"), 96),
}
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END PUBLIC KEY-----\r?\n?")


IDENTITY, ISSUER = r"^[!-~]{1,500}$", r"^https://[!-~]{1,300}$"
"""What an identity and the address of its issuer look like: characters of ASCII, none of them a space."""
_IDENTITY, _ISSUER = re.compile(IDENTITY), re.compile(ISSUER)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A public key. `id` is the digest of its bytes (SubjectPublicKeyInfo, DER), whatever its file is called; `der`
    these bytes in base64. Of an identity (`identity_key`) the bytes are its issuer and its name, a line each."""

    id: Digest
    scheme: Scheme
    der: str

    @property
    def identity(self) -> tuple[str, str]:
        """Return the issuer and the name of an identity."""
        issuer, name = base64.b64decode(self.der).decode().split("\n")
        return issuer, name

    @property
    def pem(self) -> str:
        """Return the key as a PEM file has it."""
        lines = [self.der[start : start + 64] for start in range(0, len(self.der), 64)]
        return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])

    @property
    def raw(self) -> bytes:
        """Return what follows the beginning that all keys of its scheme share."""
        return base64.b64decode(self.der)[len(_FORMS[self.scheme][0]) :]


def public_key(pem: str) -> PublicKey:
    """Parse a public key's PEM file. Raises ValueError, which says what was expected, for anything else."""
    match = _PEM.fullmatch(pem)
    if match is None:
        raise ValueError("expected one public key in PEM form, beginning with -----BEGIN PUBLIC KEY-----")
    try:
        der = base64.b64decode("".join(match[1].split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("expected base64 between the lines of a PEM file") from error
    for scheme, (start, length) in _FORMS.items():
        if der.startswith(start) and len(der) == len(start) + length:
            return public_key_of(scheme, der[len(start) :])
    raise ValueError("expected a key of Ed25519, or of ECDSA over P-256 or P-384 without compression")


def identity_key(identity: str, issuer: str) -> PublicKey:
    """Return what stands for an identity that an issuer vouches for. Raises ValueError for what are no such names."""
    if _IDENTITY.fullmatch(identity) is None or _ISSUER.fullmatch(issuer) is None:
        raise ValueError("expected the name in the certificate, and the address of its issuer")
    names = f"{issuer}\n{identity}".encode()
    return PublicKey(id=digest_of_bytes(names), scheme=Scheme.SIGSTORE, der=base64.b64encode(names).decode())


def public_key_of(scheme: Scheme, raw: bytes) -> PublicKey:
    """Return the public key of a scheme with these bytes (`PublicKey.raw`)."""
    der = _FORMS[scheme][0] + raw
    return PublicKey(id=digest_of_bytes(der), scheme=scheme, der=base64.b64encode(der).decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature of a document: by which key, and its bytes in base64."""

    key: Digest
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey(DefaultsLeftOut):
    """A key that an environment trusts. `since`, `until`: the first and the last day (ISO) of what it may sign;
    `revoked`: the day since when nothing that it signed counts, whenever it did. `file`: where git has it."""

    key: PublicKey
    file: str
    since: str | None = None
    until: str | None = None
    revoked: str | None = None
    reason: str | None = None

    @property
    def label(self) -> str:
        """Return the key's name in messages."""
        return f"{self.file} ({short(self.key.id)})"

    def problem(self, day: str) -> str | None:
        """Return why a signature of this day does not count, or None."""
        if self.revoked is not None:
            return f"{self.label} was revoked on {self.revoked}{f': {self.reason}' if self.reason else ''}"
        if self.since is not None and day < self.since:
            return f"{self.label} is trusted from {self.since} on, not on {day}"
        if self.until is not None and day > self.until:
            return f"{self.label} expired on {self.until}, before {day}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust(DefaultsLeftOut):
    """The keys that an environment trusts, by role, and how many of them must sign. `required`: what is not signed is
    refused; otherwise it is told. `reproduced`: how many trainers must have trained an artifact, each by itself."""

    required: bool = False
    trainer: tuple[TrustedKey, ...] = ()
    promoter: tuple[TrustedKey, ...] = ()
    threshold: tuple[tuple[str, int], ...] = ()
    reproduced: int = 1

    def keys(self, role: TrustRole) -> tuple[TrustedKey, ...]:
        """Return the keys of a role."""
        return self.trainer if role is TrustRole.TRAINER else self.promoter

    def least(self, role: TrustRole) -> int:
        """Return how many keys of a role must sign."""
        return dict(self.threshold).get(role.value, 1)

    @property
    def every(self) -> tuple[PublicKey, ...]:
        """Return every key that it names, each once."""
        return tuple(dict.fromkeys(each.key for each in (*self.trainer, *self.promoter)))


NO_TRUST = Trust()
