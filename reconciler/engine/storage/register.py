"""Register which journals were begun and which exist, so that a journal that is gone is missed.

Each apply adds what is new to its own store, also of the journals that it saw in other environments' stores: a store
that is lost as a whole is missed by its neighbours. The register is never needed to go on; where it is gone, the next
apply writes it again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import JournalRegister
from reconciler.core.controls.controls import Acceptance
from reconciler.engine.storage import numbered_log
from reconciler.errors import IntegrityError
from reconciler.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The models whose journals were begun, those that have one, and those whose lost one a person gave up since.

    `void`: up to which number anchors say nothing about a model any more.
    """

    begun: frozenset[str] = frozenset()
    journals: frozenset[str] = frozenset()
    given_up: frozenset[str] = frozenset()
    void: Mapping[str, int] = field(default_factory=dict)


def read(store: Store, environment: str) -> Registered:
    """Read the register of an environment's journals that a store holds, its own or another's.

    Raises IntegrityError E603 where the register has a gap, E508 and E509 where a member is damaged.
    """
    try:
        return _read(store, environment)
    except IntegrityError as error:
        prefix = store_layout.register(environment)
        error.hint = f"remove all of {prefix} from that store: the next apply writes it again"
        raise


def _read(store: Store, environment: str) -> Registered:
    prefix = store_layout.register(environment)
    last_member = numbered_log.last(store, prefix)
    if last_member is None:
        return Registered()
    begun: set[str] = set()
    journals: set[str] = set()
    given_up: set[str] = set()
    void: dict[str, int] = {}
    for n in range(last_member[0] + 1):
        key = store_layout.member(prefix, n)
        body = last_member[1] if n == last_member[0] else store.read(key)
        if body is None:
            raise numbered_log.missing(prefix, n)
        member = codec.decode(JournalRegister, body, what=key)
        if member.environment != environment:
            raise numbered_log.misplaced(key, f"the register of {member.environment}")
        begun.update(member.begun)
        journals.difference_update(member.given_up)
        journals.update(member.journals)
        given_up.update(member.given_up)
        if member.anchor is not None:
            void.update(dict.fromkeys(member.given_up, member.anchor))
        given_up.difference_update(member.journals)
    return Registered(begun=frozenset(begun), journals=frozenset(journals), given_up=frozenset(given_up), void=void)


def add(
    store: Store,
    environment: str,
    *,
    begun: Collection[str] = (),
    journals: Collection[str] = (),
    given_up: Collection[str] = (),
    anchor: int | None = None,
    accepted: Acceptance | None = None,
) -> None:
    """Add the models that the register does not name yet, as one member; none where it names them all."""
    if not begun and not journals and not given_up:
        return
    known = read(store, environment)
    member = JournalRegister(
        environment=environment,
        begun=tuple(sorted(frozenset(begun) - known.begun - known.journals)),
        journals=tuple(sorted(frozenset(journals) - known.journals)),
        given_up=tuple(sorted(given_up)),
        anchor=anchor if given_up else None,
        accepted_by=accepted.who if accepted is not None else None,
        reason=accepted.reason if accepted is not None else None,
    )
    if member.begun or member.journals or member.given_up:
        numbered_log.append_next(store, store_layout.register(environment), codec.encode(member))
