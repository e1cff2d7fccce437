"""Send one request of HTTP with bytes or a file; the caller says what becomes of a server that cannot be reached."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any


def send(
    opener: urllib.request.OpenerDirector,
    method: str,
    url: str,
    body: bytes | Path | None,
    headers: Mapping[str, str],
    *,
    seconds: float,
    unreached: Callable[[Exception], Exception],
) -> Any:
    """Return the answer, whatever its status; raises what `unreached` makes of an error where there is none."""
    sent, data = dict(headers), body
    with ExitStack() as opened:
        if isinstance(body, Path):
            data = opened.enter_context(body.open("rb"))  # type: ignore[assignment]
            sent["Content-Length"] = str(body.stat().st_size)
        try:
            request = urllib.request.Request(url, data=data, headers=sent, method=method)  # type: ignore[arg-type] # noqa: S310
            return opener.open(request, timeout=seconds)
        except urllib.error.HTTPError as error:
            return error
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            raise unreached(error) from error
