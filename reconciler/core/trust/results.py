"""What the commands about keys and attestations print."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey:
    """One key of an environment. `state`: valid, expired, not-yet or revoked, as of today; `why` it does not count."""

    environment: str
    role: str
    file: str
    id: Digest
    scheme: str
    state: str
    since: str | None = None
    until: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentTrust:
    """What one environment trusts. `required`: what is not signed is refused. `not_in_force`: what git says and is not
    let in yet."""

    environment: str
    required: bool
    keys: tuple[ListedKey, ...]
    trainers: int = 1
    not_in_force: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyList:
    """The keys that each environment trusts. `signs`: the key that this process would sign with."""

    environments: tuple[EnvironmentTrust, ...]
    signs: Digest | None = None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """A proposed change of what an environment trusts: a commit on a branch. `private`: where the new private key was
    written, None where none was."""

    environment: str
    role: str
    key: Digest
    file: str
    summary: str
    branch: str
    commit: str
    base: str
    files: tuple[str, ...]
    private: str | None = None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """What was signed of one model; `signed` in words, empty where all was signed before."""

    model: str
    artifact: Digest | None
    signed: tuple[str, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestResult:
    """What `attest` signed in an environment, by which key."""

    environment: str
    key: Digest
    models: tuple[Attested, ...]
    format: int = 1
