"""Tell what was lost from what never was: each trace is only there because a journal once was."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.artifact import store_layout
from reconciler.core.digest import Checksummed, DefaultsLeftOut, Digest, digest_of_bytes
from reconciler.core.trust.keys import Signature
from reconciler.errors import IntegrityError

_SHOWN = 3  # traces that a message names


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Something that was written only after the first entry of a journal. `what`: a clause, as in "its target keeps
    releases of churn". `model` None: which journal it was is not known."""

    what: str
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LostHistory(Checksummed, DefaultsLeftOut):
    """The record that the entries of a numbered log before `first` are lost, and that it goes on from there.

    `previous`: the digest of the entry before, which entry `first` names; None where nobody knows it. `proof`: what
    outside the store names an entry from `first` on, such as a tag of git; None where nothing does. `sources`: where
    the log was put together from. `who`, `reason`: who accepted the loss, and why. `signatures`: of its writer, over
    all but themselves.
    """

    environment: str
    log: str
    first: int
    previous: Digest | None
    proof: str | None
    sources: tuple[str, ...]
    who: str
    when: datetime
    reason: str
    format: int = 1
    signatures: tuple[Signature, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LostObjects(Checksummed):
    """The record that these objects of a store are lost, by their keys: journals name them, and nobody has them."""

    environment: str
    keys: tuple[str, ...]
    who: str
    when: datetime
    reason: str
    format: int = 1


KINDS = ("blobs", "builds", "controls", "predictions", "recipes", store_layout.SNAPSHOTS, "verifications")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreContent:
    """What an environment's store holds: whether its `mark`, whether any journal, and which other of `KINDS`.

    `begun`: a first deployment or training was started there, and may have ended before its first journal entry.
    `given_up`: a person accepted that what it held before is lost.
    """

    environment: str
    address: str
    trains: bool
    mark: bool
    journaled: bool
    kinds: frozenset[str] = frozenset()
    begun: bool = False
    given_up: bool = False

    @property
    def remains(self) -> tuple[str, ...]:
        """Return the kinds that are written only after the first journal entry, or shortly before it."""
        if self.given_up:
            return ()
        if self.trains:
            after, before = {"predictions", "verifications"}, {"builds", "recipes"}
        else:
            after, before = {"predictions"}, {"verifications"}  # blobs hold its controls, too, and these come first
        return tuple(sorted(self.kinds & (after if self.begun else after | before)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLoss:
    """What a sandbox's store lost, by error, for people: `reconciler controls` shows it and lets it be given up.

    `digest` names the losses. `accepted_by`, `reason`: who gave them up just now, and why.
    """

    environment: str
    address: str
    losses: tuple[str, ...]
    digest: Digest
    accepted_by: str | None = None
    reason: str | None = None
    format: int = 1


def sandbox_loss(environment: str, address: str, errors: Iterable[IntegrityError]) -> SandboxLoss:
    """Return the losses that these errors tell."""
    losses = tuple(dict.fromkeys(error.message for error in errors))
    digest = digest_of_bytes("\n".join(losses).encode())
    return SandboxLoss(environment=environment, address=address, losses=losses, digest=digest)


def lost_store(content: StoreContent, traces: Collection[Trace]) -> IntegrityError | None:
    """Return the error E603 for a store that lost its mark, or that has no journal though one once was; else None."""
    where = f"the store of {content.environment} ({content.address})"
    if not content.mark and (content.journaled or content.kinds):
        return IntegrityError(
            f"{store_layout.MARK} is missing from {where}, which holds other records",
            code="E603",
            hint=f"restore {store_layout.MARK} from a backup of the store; nothing is written to the store until then",
        )
    if content.journaled:
        return None
    clauses = [trace.what for trace in traces]
    if content.remains:
        clauses.insert(0, f"it still holds {_listed(content.remains)}")
    if not clauses:
        return None
    subject = (
        f"every journal is missing from {where}" if content.mark or content.kinds else f"{where} is empty or missing"
    )
    return IntegrityError(
        f"{subject}, but {_listed(clauses)}",
        code="E603",
        hint="mount the disk, or restore the store from a backup (nothing is written to it until then); "
        f"`reconciler audit {content.environment}` shows whether it is complete again. "
        f"{_begin_anew(content.environment, trains=content.trains)}",
    )


def _begin_anew(environment: str, *, trains: bool) -> str:
    """Say what to do where there is no backup."""
    first = "begin" if trains else "empty its target and begin"
    return (
        f"Where there is no backup: `reconciler repair {environment} --dry-run` shows what remains elsewhere. Where "
        f"nothing does, {first} anew: reconciler controls accept {environment} --reason TEXT"
    )


def lost_journal(environment: str, model: str, traces: Iterable[Trace], *, trains: bool) -> IntegrityError | None:
    """Return the error E603 for a model without a journal, of which something tells that there was one; else None."""
    clauses = [trace.what for trace in traces if trace.model == model]
    if not clauses:
        return None
    return IntegrityError(
        f"the journal of {environment}/{model} is missing, but {_listed(clauses)}",
        code="E603",
        hint=f"restore {store_layout.journal(environment, model)} from a backup of the store; "
        f"no command changes this model until then. {_begin_anew(environment, trains=trains)}",
    )


def lost_controls(environment: str) -> IntegrityError:
    """Return the error E603 for a controls log that is absent, though the register names it."""
    return IntegrityError(
        f"the controls log of {environment} is missing, but the store's register names it",
        code="E603",
        hint=f"restore {store_layout.controls(environment)} from a backup of the store; or put in force what git says: "
        f"reconciler controls accept {environment} --reason TEXT",
    )


def behind_target(environment: str, model: str, last: int | None, served: int) -> IntegrityError | None:
    """Return the error E603 for a journal that ends (None: is empty) before the entry that its target serves; else
    None."""
    if last is not None and last >= served:
        return None
    again = "" if last is not None else " (its journal is empty)"
    return IntegrityError(
        f"{environment}/{model} serves entry {served}, but its journal ends at {last or 0}{again}",
        code="E603",
        hint=f"the journal lost entries: restore {store_layout.journal(environment, model)} from a backup of the "
        "store; apply nothing there until then",
    )


def behind_anchor(environment: str, model: str, last: int, anchored: int) -> IntegrityError | None:
    """Return the error E603 for a journal that ends before an entry that an anchor names; else None."""
    if last >= anchored:
        return None
    return IntegrityError(
        f"an anchor in git names entry {anchored} of {environment}/{model}, but its journal ends at {last}",
        code="E603",
        hint="the journal lost entries, or the store is an older copy: restore the store from a backup; apply nothing "
        "there until then",
    )


def _listed(clauses: Iterable[str]) -> str:
    """Join the first clauses with "and", and count the others."""
    texts = list(dict.fromkeys(clauses))
    shown = texts[:_SHOWN]
    if len(texts) > _SHOWN:
        shown.append(f"{len(texts) - _SHOWN} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
