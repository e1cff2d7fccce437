"""The port through which people are told of events."""

from __future__ import annotations

from typing import Protocol


class Notifier(Protocol):
    """Sends messages to people. A message that was not sent stops nothing, so failures are answers."""

    def send(self, address: str, *, title: str, body: str) -> str | None:
        """Send a message; return why it could not be sent, without the address, which is a secret. None: it was."""
