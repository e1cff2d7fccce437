"""What a store lost by the records of it: told by `audit` and `history`, and missed by nobody."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import JournalRegister
from reconciler.core.artifact.loss import LostHistory, LostObjects
from reconciler.core.inspect.audit import AuditFinding
from reconciler.core.names import is_name
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.storage import numbered_log
from reconciler.ports import Store


def lost_objects(store: Store, environment: str) -> tuple[LostObjects, ...]:
    """Return the records of single objects that were lost."""
    prefix, members = store_layout.lost_objects(environment), list[LostObjects]()
    while (body := store.read(key := store_layout.member(prefix, len(members)))) is not None:
        members.append(codec.decode(LostObjects, body, what=key))
    return tuple(members)


def lost_keys(store: Store, environment: str) -> frozenset[str]:
    """Return the keys of single objects that were lost."""
    return frozenset(key for record in lost_objects(store, environment) for key in record.keys)


def lost_histories(store: Store, environment: str) -> Iterator[LostHistory]:
    """Yield for each log that lost entries the newest record of it, by the name of the log; from a listing."""
    objects = store_layout.lost_objects(environment)
    prefixes = {key.rpartition("/")[0] for key in store.keys(f"{store_layout.LOSSES}/")}
    for prefix in sorted(prefixes - {objects}):
        loss = numbered_log.lost_history(store, prefix.removeprefix(f"{store_layout.LOSSES}/"))
        if loss is not None and numbered_log.first(store, loss.log) == loss.first:
            yield loss


def given_up(store: Store, environment: str) -> Iterator[JournalRegister]:
    """Yield the members of the register by which a person gave journals up, with who and why."""
    prefix, n = store_layout.register(environment), 0
    while (body := store.read(key := store_layout.member(prefix, n))) is not None:
        member = codec.decode(JournalRegister, body, what=key)
        if member.given_up and member.accepted_by is not None:
            yield member
        n += 1


def given_up_in_words(member: JournalRegister) -> str:
    """Say which journals began anew."""
    models = [name for name in member.given_up if is_name(name)]
    shown = ", ".join(models[:3]) + (f" and {len(models) - 3} more" if len(models) > 3 else "")
    if not models:
        return "all that it held before was given up"
    return f"the journal{'s' * (len(models) > 1)} of {shown} began anew: all entries before are lost"


def loss_notes(store: Store, environment: str) -> Iterator[AuditFinding]:
    """Yield what is told of losses that a person accepted."""
    for loss in lost_histories(store, environment):
        yield AuditFinding(
            environment=environment,
            where=loss.log,
            problem=history_in_words(loss),
            status=ResultStatus.CLEAN,
        )
    for member in given_up(store, environment):
        yield AuditFinding(
            environment=environment,
            where="store",
            problem=f"{given_up_in_words(member)} ({member.accepted_by}: {member.reason})",
            status=ResultStatus.CLEAN,
        )
    for objects in lost_objects(store, environment):
        yield AuditFinding(
            environment=environment,
            where="store",
            problem=f"{len(objects.keys)} objects that journals name are lost ({objects.who}: {objects.reason})",
            status=ResultStatus.CLEAN,
        )


def history_in_words(loss: LostHistory) -> str:
    """Say which entries are lost, what the rest is proven by, and who accepted it."""
    entries = "entry 0 is" if loss.first == 1 else f"entries 0 to {loss.first - 1} are"
    proof = f"; {loss.proof}" if loss.proof is not None else ""
    return f"{entries} lost since {loss.when:%Y-%m-%d}{proof} ({loss.who}: {loss.reason})"
