"""Gather the changes of many models: the newest of all, and what each commit, and the request behind it, changed."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.site.site import ModelChange, RequestChanges

MOST_NAMED = 50
"""Models of a commit that are named."""


class _Group:
    """The changes of one commit so far. `last`: the model that was counted last."""

    def __init__(self, newest: ModelChange) -> None:
        self.newest = newest
        self.models: list[str] = []
        self.last = ""
        self.count = 0


class Changes:
    """Gathers the changes of models, one model after the other. `newest`, `requests`: how many are asked for."""

    def __init__(self, *, newest: int, requests: int) -> None:
        self._most, self._requests = newest, requests
        self._newest: list[ModelChange] = []
        self._groups: dict[str, _Group] = {}

    def add(self, changes: Iterable[ModelChange]) -> None:
        """Add all changes of one model."""
        for change in changes:
            self._newest.append(change)
            if len(self._newest) > 2 * self._most:
                self._newest = self._sorted()
            if change.commit:
                self._group(change)

    def _group(self, change: ModelChange) -> None:
        group = self._groups.setdefault(change.commit, _Group(change))
        if (change.when, change.url) > (group.newest.when, group.newest.url):
            group.newest = change
        if group.last != change.model:
            group.last = change.model
            group.count += 1
            if len(group.models) < MOST_NAMED:
                group.models.append(change.model)

    def _sorted(self) -> list[ModelChange]:
        ordered = sorted(self._newest, key=lambda change: (change.when, change.model, change.n), reverse=True)
        return ordered[: self._most]

    def newest(self) -> tuple[ModelChange, ...]:
        """Return the newest changes of all models, the newest first."""
        return tuple(self._sorted())

    def requests(self) -> tuple[RequestChanges, ...]:
        """Return what the newest commits changed, the newest first."""
        groups = sorted(self._groups.values(), key=lambda each: (each.newest.when, each.newest.commit), reverse=True)
        return tuple(
            RequestChanges(
                commit=group.newest.commit,
                request=group.newest.request,
                url=group.newest.url,
                when=group.newest.when,
                who=group.newest.who,
                models=tuple(group.models),
                count=group.count,
            )
            for group in groups[: self._requests]
        )
