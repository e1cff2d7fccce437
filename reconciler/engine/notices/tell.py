"""Tell people of events through the channels that an environment declares: each event once, and nothing stops for it.

A record in the environment's store is created before a message is sent; whoever creates it sends. So an event is told
at most once, also where two runs meet or one is killed. Where the channel says that it did not take the message, that
is recorded, and the next run may try again, at most `TRIES` times.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.notices.notice import Notice, NoticeRecord, messages
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.notify import NoticeChannel
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.needed_secrets import is_unset
from reconciler.engine.storage import numbered_log
from reconciler.errors import ConflictError, ReconcilerError
from reconciler.ports import Store

TRIES = 3


def tell(deps: Dependencies, project: str, environment: Environment, notices: tuple[Notice, ...]) -> None:
    """Send each notice to the channels that want it, unless they were told. What fails is shown as progress."""
    for channel in environment.notify:
        wanted = tuple(notice for notice in notices if notice.event in channel.on)
        if not wanted:
            continue
        try:
            problem = _tell(deps, project, environment, channel, wanted)
        except ReconcilerError as error:
            problem = str(error)
        if problem is not None:
            deps.progress.done("notices", f"not told through {channel.to}: {problem}")


def _tell(
    deps: Dependencies, project: str, environment: Environment, channel: NoticeChannel, wanted: tuple[Notice, ...]
) -> str | None:
    """Tell one channel; return why it was not told everything, or None."""
    if deps.notifier is None:
        return "nothing here can send"
    address = deps.secret(channel.to)
    if not address:
        return is_unset(channel.to)
    store, problem = deps.stores[environment.name], None
    ours = []
    for notice in wanted:
        try:
            if _claim(deps, store, channel, notice):
                ours.append(notice)
        except ReconcilerError as error:  # what was claimed before is sent all the same: nobody else will
            problem = str(error)
    for message, told in messages(ours, project=project):
        failed = deps.notifier.send(address, title=message.title, body=message.body)
        if failed is not None:
            problem = failed
            with suppress(ReconcilerError):  # they are not tried again then; other messages are still sent
                for notice in told:
                    _append(store, channel, notice, _record(deps, channel, notice, failed))
    return problem


def _claim(deps: Dependencies, store: Store, channel: NoticeChannel, notice: Notice) -> bool:
    """Tell whether this run is the one that sends the notice."""
    last = numbered_log.last(store, _prefix(channel, notice))
    if last is not None:
        n, body = last
        failed = codec.decode(NoticeRecord, body, what=store_layout.member(_prefix(channel, notice), n)).failed
        if failed is None or n + 1 >= 2 * TRIES:
            return False
    record = codec.encode(_record(deps, channel, notice, None))
    try:
        numbered_log.append(store, _prefix(channel, notice), last[0] + 1 if last else 0, record, ours=record.__eq__)
    except ConflictError:
        return False
    return True


def _append(store: Store, channel: NoticeChannel, notice: Notice, record: NoticeRecord) -> None:
    numbered_log.append_next(store, _prefix(channel, notice), codec.encode(record))


def _record(deps: Dependencies, channel: NoticeChannel, notice: Notice, failed: str | None) -> NoticeRecord:
    return NoticeRecord(
        environment=notice.environment,
        event=notice.event,
        model=notice.model,
        about=notice.about,
        channel=channel.to,
        when=deps.clock(),
        who=deps.actor(),
        attempt=deps.new_id(),
        failed=failed,
    )


def _prefix(channel: NoticeChannel, notice: Notice) -> str:
    return prefix_of(notice.environment, notice.event, notice.model, notice.about, channel.to)


def prefix_of(environment: str, event: str, model: str | None, about: str, channel: str) -> str:
    """Return the prefix of the numbered log of one notice to one channel."""
    what = json.dumps([environment, event, model, about, channel]).encode()
    return store_layout.notices(environment, hashlib.sha256(what).hexdigest())
