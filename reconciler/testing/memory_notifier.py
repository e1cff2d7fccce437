"""A notifier in memory, faithful to its port."""

from __future__ import annotations


class MemoryNotifier:
    """Keeps the messages to each address that begins with `memory:`; those in `dead` take none."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str, str]] = []
        """(address, title, body), in order"""
        self.dead: set[str] = set()

    def send(self, address: str, *, title: str, body: str) -> str | None:
        if not address.startswith("memory:"):
            return "its address is of no known form"
        if address in self.dead:
            return "the channel did not take the message"
        self.messages.append((address, title, body))
        return None
