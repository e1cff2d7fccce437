"""Hold what came in a package against the keys that its environment trusts, before anything of it is written.

The keys that a package names prove nothing: what counts is who signed by git and by the controls in force.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.spec.gates import Verification
from reconciler.engine.package.read_package import PackageContent
from reconciler.engine.trust.evidence import TrustCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedEvidence:
    """What of a package counts. `verifications`: the signed ones, or all where nothing must be signed; `told`: what is
    unsigned, and what was left out; `trusted`: keys are, and those that must have signed its training."""

    trust: TrustCheck
    verifications: tuple[Verification, ...]
    told: tuple[str, ...]
    trusted: bool


def trusted_evidence(trust: TrustCheck, content: PackageContent, head: JournalHead | None) -> TrustedEvidence:
    """Check who attests the training and the gates of a package. `head`: of the journal, whose signer vouches for what
    was deployed here before.

    Raises IntegrityError E520 for a training that is not signed as the environment asks, and for a signature of a
    trusted key that is not of these bytes, or not of this artifact. Results that nobody signed are left out where
    signatures are required.
    """
    told: list[str] = []
    artifact, attested = content.artifact.digest, content.attestations
    vouched = head is not None and artifact in head.state.vetted
    unsigned = trust.training(attested, artifact, content.records.build, vouched=vouched)
    if unsigned is not None:
        told.append(unsigned)
    counted: list[Verification] = []
    for verification in content.records.verifications:
        problem = trust.verification(attested, verification, lenient=True)
        if problem is None or not trust.required:
            counted.append(verification)
        if problem is not None:
            told.append(f"{problem}; it does not count" if trust.required else problem)
    if not content.records.verifications:
        trust.check_results(attested, artifact)
    return TrustedEvidence(
        trust=trust,
        verifications=tuple(counted),
        told=tuple(dict.fromkeys(told)),
        trusted=unsigned is None and any(each.trainer for each in trust.sets),
    )
