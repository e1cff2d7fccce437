"""What can happen to a small file: every byte changed in two ways, lost, doubled; cut at every length; emptied."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.effort import count

STRIDE = count("STRIDE")


def damaged(body: bytes, stride: int = STRIDE) -> Iterator[tuple[str, bytes]]:
    """(what was done, what is left), each once and none equal to `body`."""
    seen = {body}
    for at in range(0, len(body), stride):
        before, byte, after = body[:at], body[at], body[at + 1 :]
        for name, found in (
            ("inverted", before + bytes([byte ^ 0xFF]) + after),
            ("one bit", before + bytes([byte ^ 0x01]) + after),
            ("lost", before + after),
            ("doubled", before + bytes([byte, byte]) + after),
            ("cut", before),
        ):
            if found not in seen:
                seen.add(found)
                yield f"{name} at {at}", found
    if b"" not in seen:
        yield "emptied", b""
