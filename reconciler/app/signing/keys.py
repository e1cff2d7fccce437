"""Make, rotate and revoke keys: the private half into a file of its own, the public one as a proposal in git."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from reconciler.adapters.signing import key_files
from reconciler.app.proposing import Proposing
from reconciler.app.signing.signer import repository
from reconciler.core.trust.keys import PublicKey, TrustedKey, TrustRole, public_key
from reconciler.core.trust.results import KeyChange
from reconciler.engine.trust import propose_keys
from reconciler.engine.trust.evidence import day_of
from reconciler.errors import UsageError

OVERLAP = timedelta(days=30)  # in which an old key and the new one are both trusted


def new_key(
    way: Proposing,
    *,
    role: str,
    name: str,
    private: Path | None,
    public: Path | None,
    until: str | None,
    replaces: TrustedKey | None = None,
    replaced_until: str | None = None,
) -> KeyChange:
    """Make a key, or take a public one, and propose that the environment trusts it in a role.

    Where nothing can be proposed, the private key that was just made is removed again. Raises UsageError E801, E523.
    """
    checkout, environment = way.project.checkout, way.environment
    file = propose_keys.check_proposable(checkout, environment, name)
    if (private is None) == (public is None):
        raise UsageError(
            "a key is either made or exists: name one of --private and --public",
            hint="--private ~/.config/reconciler/NAME.pem makes one; --public FILE takes the public half of another",
            code="E801",
        )
    day = _day(until) if until is not None else None
    key = _existing(public) if public is not None else _made(way, private)
    try:
        change = propose_keys.propose_key(
            checkout,
            way.proposer,
            environment=environment,
            role=TrustRole(role),
            key=key,
            file=file,
            until=day,
            replaces=replaces,
            replaced_until=replaced_until,
        )
    except BaseException:
        if private is not None:
            with suppress(OSError):
                private.expanduser().unlink()
        raise
    return replace(change, private=str(private.expanduser()) if private is not None else None)


def rotated_key(
    way: Proposing, *, old: str, name: str, private: Path | None, public: Path | None, until: str | None
) -> KeyChange:
    """Propose a new key in the place of one that is trusted, which ends on a day: by default in 30 days."""
    known = propose_keys.trusted_key(way.environment, old)
    role = propose_keys.role_of(way.environment, known)
    today = date.fromisoformat(day_of(way.project.deps.clock()))
    last = _day(until) if until is not None else (today + OVERLAP).isoformat()
    if known.until is not None:
        last = min(last, known.until)
    return new_key(
        way,
        role=role.value,
        name=name,
        private=private,
        public=public,
        until=None,
        replaces=known,
        replaced_until=last,
    )


def revoked_key(way: Proposing, *, file: str, reason: str) -> KeyChange:
    """Propose that nothing counts that a key signed."""
    today = day_of(way.project.deps.clock())
    propose_keys.trusted_key(way.environment, file)
    return propose_keys.propose_revocation(
        way.project.checkout, way.proposer, environment=way.environment, file=file, day=today, reason=reason
    )


def _made(way: Proposing, private: Path | None) -> PublicKey:
    assert private is not None  # noqa: S101  (checked by the caller)
    return key_files.write_key(private, repository(way.project.root))


def _existing(file: Path) -> PublicKey:
    try:
        return public_key(file.read_text("ascii"))
    except (OSError, ValueError) as error:
        message = str(error) if not isinstance(error, (OSError, UnicodeDecodeError)) else "it cannot be read as ASCII"
        raise UsageError(f"--public names no public key: {message}", hint="give its PEM file", code="E801") from error


def _day(text: str) -> str:
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise UsageError("--until takes a day such as 2027-12-31", hint="write it as YYYY-MM-DD", code="E801")
