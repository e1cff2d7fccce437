"""Hold what is stored against the keys that are trusted: entries, trainings, results of gates. Reads only.

A set of trusted keys is asked at a time, and every set must be satisfied: what git declares, and what is in force.
Signatures are checked before a byte of a model is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.core.artifact.build import Build
from reconciler.core.artifact.journal import Entry
from reconciler.core.artifact.loss import LostHistory
from reconciler.core.controls.controls import ControlsEntry
from reconciler.core.digest import Digest, short
from reconciler.core.spec.gates import Verification
from reconciler.core.trust.attestation import GATE_RESULTS, PROVENANCE, STATEMENT_TYPE, Attestation
from reconciler.core.trust.judge import judge
from reconciler.core.trust.keys import NO_TRUST, PublicKey, Signature, Trust, TrustRole
from reconciler.core.trust.reproduced import Reproduced, independent_trainings
from reconciler.engine.trust import envelopes, statements
from reconciler.engine.trust.entries import (
    CONTROLS_TYPE,
    ENTRY_TYPE,
    LOSS_TYPE,
    controls_payload,
    entry_payload,
    loss_payload,
)
from reconciler.engine.trust.statements import Claim
from reconciler.errors import IntegrityError, UsageError
from reconciler.ports import Signer, Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """The statements of one kind about an artifact whose signatures are right, each with the keys that signed it; and
    the keys that any such statement says signed it."""

    claims: tuple[tuple[Claim, frozenset[Digest]], ...]
    claimed: frozenset[Digest]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustCheck:
    """What is trusted in one environment: `sets` of keys, each of which must be satisfied. `today`: ISO, UTC."""

    environment: str
    sets: tuple[Trust, ...]
    verifier: Verifier | None
    today: str

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """Return every key that any set names."""
        return tuple(dict.fromkeys(key for trust in self.sets for key in trust.every))

    @property
    def revokes(self) -> bool:
        """Tell whether any key is revoked, so that what serves may rest on it."""
        return any(each.revoked is not None for trust in self.sets for each in trust.trainer)

    @property
    def required(self) -> bool:
        """Tell whether any set refuses what is not signed."""
        return any(trust.required for trust in self.sets)

    def entry(self, entry: Entry) -> str | None:
        """Check the signature of a journal entry; return what is told of it, None where it is trusted.

        Raises IntegrityError E520 where it is refused.
        """
        if not self.sets:
            return None
        what = f"entry {entry.n} of the journal of {entry.environment}/{entry.model}"
        signatures = entry.signatures or ()
        right = self._right(ENTRY_TYPE, entry_payload(entry), signatures) if signatures else frozenset()
        return self._judge(TrustRole.PROMOTER, what, right, signatures, day_of(entry.when))

    def controls(self, entry: ControlsEntry) -> str | None:
        """Check the signature of an entry of the controls log, as that of a journal."""
        if not self.sets:
            return None
        what = f"entry {entry.n} of the controls of {entry.environment}"
        signatures = entry.signatures
        right = self._right(CONTROLS_TYPE, controls_payload(entry), signatures) if signatures else frozenset()
        return self._judge(TrustRole.PROMOTER, what, right, signatures, day_of(entry.when))

    def loss(self, loss: LostHistory) -> str | None:
        """Check the signature of the record that the beginning of a log is lost, as that of a journal's entry."""
        if not self.sets:
            return None
        what = f"the record that {loss.log} lost its entries before {loss.first}"
        right = self._right(LOSS_TYPE, loss_payload(loss), loss.signatures) if loss.signatures else frozenset()
        return self._judge(TrustRole.PROMOTER, what, right, loss.signatures, day_of(loss.when))

    def training(
        self, attested: Iterable[Attestation], artifact: Digest, build: Build | None, *, vouched: bool = False
    ) -> str | None:
        """Check who attests how an artifact was built; return what is told of it. Raises IntegrityError E520.

        `vouched`: it was deployed here before, by a signed entry: then it may be unsigned, and its keys may have
        expired since, but no signature may be wrong or revoked.
        """
        if not self.sets:
            return None
        signed = self._statements(attested, artifact, PROVENANCE)
        pairs = [(key, claim.day) for claim, keys in signed.claims for key in keys]
        trainers = {each.key.id for trust in self.sets for each in trust.trainer}
        known = [claim.record for claim, keys in signed.claims if keys & trainers]
        if build is not None and known and build.provenance not in known:
            raise untrusted(
                f"the record of how artifact {short(artifact)} was built is not the one that was signed",
                self.environment,
            )
        what = f"the training of artifact {short(artifact)}"
        return self._judged(
            TrustRole.TRAINER, what, pairs, signed.claimed, today=None if vouched else self.today, vouched=vouched
        )

    def verification(
        self, attested: Iterable[Attestation], verification: Verification, *, lenient: bool = False
    ) -> str | None:
        """Check who attests the results of gates, of this very record; return what is told. Raises E520.

        `lenient`: that nobody signed it who is trusted is told, and not refused."""
        if not self.sets:
            return None
        signed = self._statements(attested, verification.artifact, GATE_RESULTS)
        wanted = statements.verification_digest(verification)
        pairs = [(key, claim.day) for claim, keys in signed.claims if claim.record == wanted for key in keys]
        of_these = any(claim.gate_set == verification.gate_set for claim, _ in signed.claims)
        if not pairs and of_these:
            raise untrusted(
                f"the recorded verification of artifact {short(verification.artifact)} for {verification.environment} "
                "is not the one that was signed",
                self.environment,
            )
        claimed = signed.claimed if pairs or not signed.claims else frozenset[Digest]()
        what = f"the verification of artifact {short(verification.artifact)} for {verification.environment}"
        return self._judged(TrustRole.TRAINER, what, pairs, claimed, today=self.today, vouched=lenient)

    def reproduced(self, attested: Iterable[Attestation], artifact: Digest, build: Build) -> Reproduced | None:
        """Return by how many trainers an artifact was trained from all that its build was made of, by the set of keys
        that lacks most; None where no set asks for more than one. Only keys count that could sign it in today."""
        asking = [trust for trust in self.sets if trust.reproduced > 1]
        if not asking:
            return None
        signed = self._statements(attested, artifact, PROVENANCE)
        of_these = [each for each in signed.claims if each[0].fingerprint == build.fingerprint]
        found = []
        for trust in asking:
            pairs = [
                (key.key.id, claim.record)
                for claim, keys in of_these
                for key in trust.trainer
                if key.key.id in keys
                and key.key.id == claim.trainer
                and key.problem(claim.day) is None
                and key.problem(self.today) is None
            ]
            found.append(Reproduced(by=independent_trainings(pairs), least=trust.reproduced))
        return min(found, key=lambda each: each.by - each.least)

    def check_results(self, attested: Iterable[Attestation], artifact: Digest) -> None:
        """Raise IntegrityError E520 where a trusted key signed results of gates that are of another artifact."""
        if self.sets:
            self._statements(attested, artifact, GATE_RESULTS)

    def check_signer(self, signer: Signer | None) -> None:
        """Raise IntegrityError E520, before anything is written, where an entry by this key would be refused."""
        signed = [] if signer is None else [(signer.key.id, self.today)]
        claimed = [] if signer is None else [signer.key.id]
        for trust in self.sets:
            verdict = judge(trust, TrustRole.PROMOTER, signed=signed, claimed=claimed, today=self.today)
            if verdict.refused:
                why = verdict.problem if signer is not None else "RECONCILER_SIGNING_KEY names no key"
                raise IntegrityError(
                    f"{self.environment} takes no entry that this run could write: {why}",
                    code="E520",
                    hint="set RECONCILER_SIGNING_KEY to a promoter's key that is in force, such as file:PATH; a "
                    "new key comes into force by an apply that an older one signs",
                )

    def _right(self, payload_type: str, payload: bytes, signatures: Collection[Signature]) -> frozenset[Digest]:
        if self.verifier is None:
            raise UsageError("this process cannot check signatures", code="E610")
        return self.verifier.signed_by(payload_type, payload, signatures, self.keys)

    def _statements(self, attested: Iterable[Attestation], artifact: Digest, kind: str) -> _Signed:
        """Read attestations of an artifact; what no key of ours signed says nothing."""
        seen: set[bytes] = set()
        claims: list[tuple[Claim, frozenset[Digest]]] = []
        claimed: set[Digest] = set()
        for attestation in attested:
            if attestation.envelope in seen or attestation.predicate_type != kind:
                continue
            seen.add(attestation.envelope)
            document = envelopes.parse(attestation.envelope)
            right: frozenset[Digest] = frozenset()
            if document.payload_type == STATEMENT_TYPE:
                right = self._right(document.payload_type, document.payload, document.signatures)
            claimed.update(each.key for each in document.signatures)
            if not right:
                continue
            claim = statements.claim_of(document.payload)
            if claim.subject != artifact:
                raise untrusted(
                    f"a signed statement beside artifact {short(artifact)} is of another, {short(claim.subject)}",
                    self.environment,
                )
            if claim.kind == kind:
                claims.append((claim, right))
        return _Signed(claims=tuple(claims), claimed=frozenset(claimed))

    def _judge(
        self, role: TrustRole, what: str, right: Collection[Digest], signatures: Collection[Signature], day: str
    ) -> str | None:
        pairs = [(key, day) for key in right]
        return self._judged(role, what, pairs, {each.key for each in signatures})

    def _judged(
        self,
        role: TrustRole,
        what: str,
        signed: Collection[tuple[Digest, str]],
        claimed: Collection[Digest],
        *,
        today: str | None = None,
        vouched: bool = False,
    ) -> str | None:
        told: str | None = None
        for trust in self.sets:
            verdict = judge(trust, role, signed=signed, claimed=claimed, today=today)
            if verdict.refused and not (vouched and verdict.unsigned):
                raise untrusted(f"{what}: {verdict.problem}", self.environment)
            if verdict.problem is not None:
                told = f"{what}: {verdict.problem}"
        return told


def untrusted(message: str, environment: str) -> IntegrityError:
    """Return the error E520 for what is not signed by those who are trusted."""
    return IntegrityError(
        message,
        code="E520",
        hint=f"`reconciler keys list {environment}` shows who is trusted; `reconciler attest` signs what is known to "
        "be right, with RECONCILER_SIGNING_KEY; else find out who writes to the store",
    )


def sets_of(trusts: Iterable[Trust]) -> tuple[Trust, ...]:
    """Return the sets of trusted keys that ask for anything, each once."""
    return tuple(dict.fromkeys(trust for trust in trusts if trust != NO_TRUST))


def day_of(when: datetime) -> str:
    """Return the day (ISO) of a moment, in UTC."""
    return when.astimezone(UTC).date().isoformat()
