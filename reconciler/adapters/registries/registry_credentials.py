"""Find the user and password for a registry: the environment, else the file that `docker login` or podman writes.

They are never part of a reference, a message or a manifest.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

USER, PASSWORD = "RECONCILER_REGISTRY_USER", "RECONCILER_REGISTRY_PASSWORD"
_MOST = 1024**2


def credentials_for(host: str, environ: Mapping[str, str]) -> str | None:
    """Return the credentials for a host, ready for a header of HTTP's basic scheme; None where there are none."""
    user, password = environ.get(USER), environ.get(PASSWORD)
    if user and password:
        return base64.b64encode(f"{user}:{password}".encode()).decode()
    for path in _files(environ):
        if (found := _in_file(path, host)) is not None:
            return found
    return None


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the files that tools of registries keep credentials in, the one that is named first."""
    if named := environ.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "containers/auth.json"
    if folder := environ.get("DOCKER_CONFIG"):
        yield Path(folder) / "config.json"
    elif home := environ.get("HOME"):
        yield Path(home) / ".docker/config.json"


def _in_file(path: Path, host: str) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _MOST:
            return None
        entries = json.loads(path.read_bytes())["auths"]
        for name in (host, f"https://{host}", f"https://{host}/v2/", f"https://{host}/v1/"):
            auth = entries.get(name, {}).get("auth")
            if isinstance(auth, str) and b":" in base64.b64decode(auth, validate=True):
                return auth
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return None
