"""Put a numbered log of chained entries together from what several places hold of it. Reads only.

Entries are found by the digest that the next one names, so a source can lie about none but the last. That one is
believed where something outside names it, or one after it in the chain: a tag of git, what is served, the lost store's
own remains; or where its writer's signature or git's pin stands for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build
from reconciler.core.artifact.journal import Entry, ReleasePointer
from reconciler.core.controls.controls import ControlsEntry
from reconciler.core.digest import Digest, short
from reconciler.errors import IntegrityError


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMember:
    """One entry as a source holds it."""

    n: int
    previous: Digest | None
    digest: Digest
    body: bytes
    source: str
    entry: Entry | ControlsEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryClaim:
    """Something outside the sources that names entry `n`. `what`: as in "tag reconciler/anchor/3"."""

    n: int
    digest: Digest
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveredLog:
    """The entries of a log, in order. `proof`: what proves them up to which; None where nothing does. `left_out`: a
    later entry of a source that nothing proves."""

    members: tuple[LogMember, ...]
    proof: str | None
    left_out: LogMember | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRepair:
    """A log that is put together again: `absent` entries of it are written. `accepted`: the number that it begins with
    by an earlier record of a loss; None where there is none."""

    chain: RecoveredLog
    absent: tuple[LogMember, ...]
    accepted: int | None

    @property
    def first(self) -> int:
        return self.chain.members[0].n


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuedJournal:
    """A journal whose last entry is served, and nobody has its bytes; an older program deployed it. `build`: how the
    artifact was made, where another store says it."""

    model: str
    pointer: ReleasePointer
    build: Build | None


Vouched = Callable[[LogMember], str | None]
"""Returns what stands for an entry besides claims, in words; None where nothing does. Raises IntegrityError E520."""


def recover_log(
    log: str, members: Iterable[LogMember], claims: Iterable[EntryClaim], *, vouched: Vouched, decides: bool
) -> RecoveredLog | None:
    """Return the longest chain that nothing contradicts; None where no source holds an entry, and none is claimed.

    `members`: those that come first are preferred. `decides`: the log decides what is served, so an end that nothing
    proves is not believed. Raises IntegrityError E603 where every chain contradicts a claim, or ends before one; E520.
    """
    pool: dict[Digest, LogMember] = {}
    for member in members:
        pool.setdefault(member.digest, member)
    known = sorted(claims, key=lambda claim: -claim.n)
    if not pool:
        return None
    _check_no_other(log, pool.values(), known)
    ends = sorted(pool.values(), key=lambda member: -member.n)
    left_out: LogMember | None = None
    for end in ends:
        chain = _chain(end, pool)
        if problem := _contradiction(chain, known):
            raise _refused(log, end, problem)
        proof, stands = _proof(chain, known), vouched(end)
        if known and end.n <= known[0].n:
            return RecoveredLog(members=chain, proof=proof, left_out=left_out)
        if stands is not None or not decides:
            return RecoveredLog(members=chain, proof=stands or proof, left_out=left_out)
        left_out = left_out or end
    raise IntegrityError(
        f"{log}: nothing outside of its sources names an entry: no tag of git, no served release, no signature, no pin",
        code="E603",
        hint="name a source whose target or anchors are there, too; or begin anew: `reconciler controls accept`",
    )


def _check_no_other(log: str, pool: Iterable[LogMember], claims: Iterable[EntryClaim]) -> None:
    """Raise IntegrityError E603 where a source holds another entry under a number that something outside names."""
    named = {claim.n: claim for claim in claims}
    for member in pool:
        claim = named.get(member.n)
        if claim is not None and claim.digest != member.digest:
            raise _refused(log, member, f"{claim.what} names {short(claim.digest)}")


def _chain(end: LogMember, pool: dict[Digest, LogMember]) -> tuple[LogMember, ...]:
    """Return the entries that lead to this one, in order."""
    chain = [end]
    while (previous := chain[-1].previous) is not None and (before := pool.get(previous)) is not None:
        if before.n != chain[-1].n - 1:
            break
        chain.append(before)
    return tuple(reversed(chain))


def _contradiction(chain: tuple[LogMember, ...], claims: Iterable[EntryClaim]) -> str | None:
    """Return which claim a chain contradicts, in words; None where it agrees with all."""
    by_number = {member.n: member for member in chain}
    for claim in claims:
        if claim.n > chain[-1].n:
            return f"it ends there, and {claim.what} names entry {claim.n}: it is older"
        member = by_number.get(claim.n)
        if member is not None and member.digest != claim.digest:
            return f"its entry {claim.n} is {short(member.digest)}, and {claim.what} names {short(claim.digest)}"
        if claim.n == chain[0].n - 1 and chain[0].previous != claim.digest:
            return f"its entry {chain[0].n} does not follow entry {claim.n} that {claim.what} names"
    return None


def _proof(chain: tuple[LogMember, ...], claims: Iterable[EntryClaim]) -> str | None:
    numbers = {member.n for member in chain}
    claim = next((claim for claim in claims if claim.n in numbers), None)
    if claim is None:
        return None
    later = chain[-1].n - claim.n
    rest = f", {later} later" if later else ""
    return f"{claim.what} names entry {claim.n}{rest}"


def _refused(log: str, member: LogMember, problem: str) -> IntegrityError:
    return IntegrityError(
        f"{store_layout.member(log, member.n)} of {member.source} is {short(member.digest)}: {problem}",
        code="E603",
        hint=f"find out who writes to {member.source}; leave it out by naming the other sources with --from",
    )
