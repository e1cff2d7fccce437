"""Days, times and durations."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from reconciler.cli.types.texts import shown
from reconciler.core.duration import parse_duration

_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}")


class Moment(click.ParamType[datetime]):
    """Day or time (ISO 8601), in UTC where no zone is given. A day means its end."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        text = str(value)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{shown(text)} is not a time: write 2026-01-31 or 2026-01-31T12:00:00Z", param, ctx)
        if _DAY.fullmatch(text):
            moment = moment.replace(hour=23, minute=59, second=59)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Beginning(click.ParamType[datetime | timedelta]):
    """Day or time (ISO 8601), of which a day means its beginning, or a duration until now, such as 30d."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime | timedelta:
        text = str(value)
        with suppress(ValueError):
            return timedelta(seconds=parse_duration(text))
        return Moment().convert(f"{text}T00:00:00" if _DAY.fullmatch(text) else text, param, ctx)
