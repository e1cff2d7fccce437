"""Judge who signed a document by the keys that an environment trusts. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.trust.keys import Trust, TrustRole


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustJudgement:
    """`problem`: why the signatures of a document do not count; None where they do. `refused`: nothing may rest on the
    document; otherwise it is only told. `unsigned`: nobody who is trusted signed it, and nothing else is wrong."""

    problem: str | None = None
    refused: bool = False
    unsigned: bool = False


TRUSTED = TrustJudgement()


def judge(
    trust: Trust,
    role: TrustRole,
    *,
    signed: Collection[tuple[Digest, str]],
    claimed: Collection[Digest],
    today: str | None = None,
) -> TrustJudgement:
    """Judge a document by one set of trusted keys.

    `signed`: the keys whose signatures of these very bytes are right, each with the day (ISO) that it says; `claimed`:
    the keys that it says signed it. `today`: where something new is let in, the keys must be valid today, too.
    """
    keys, least = trust.keys(role), trust.least(role)
    if not keys and not trust.required:
        return TRUSTED
    valid: set[Digest] = set()
    problems: list[str] = []
    signers = {key for key, _ in signed}
    for each in keys:
        days = sorted(day for key, day in signed if key == each.key.id)
        found = [each.problem(day) or (each.problem(today) if today is not None else None) for day in days]
        if any(problem is None for problem in found):
            valid.add(each.key.id)
        problems += [problem for problem in found[:1] if problem is not None and each.key.id not in valid]
        if each.key.id in claimed and each.key.id not in signers:
            problems.append(f"the signature by {each.label} is not one of these bytes")
    if valid and len(valid) >= least:
        return TRUSTED
    if problems:
        return TrustJudgement(problem="; ".join(dict.fromkeys(problems)), refused=True)
    if valid:
        keys_in_words = f"{least} different {role.value} keys must sign it, and {len(valid)} did"
        return TrustJudgement(problem=keys_in_words, refused=True)
    other = TrustRole.PROMOTER if role is TrustRole.TRAINER else TrustRole.TRAINER
    for each in trust.keys(other):
        if each.key.id in signers:
            return TrustJudgement(
                problem=f"{each.label} is a {other.value} key, and signs nothing as {role.value}", refused=True
            )
    if claimed:
        return TrustJudgement(
            problem=f"it is signed by no {role.value} key that is trusted here", refused=trust.required, unsigned=True
        )
    return TrustJudgement(problem="it is not signed", refused=trust.required, unsigned=True)
