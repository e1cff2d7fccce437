"""Write the software bill of materials of a release: CycloneDX 1.6, of the packages that a lock pins.

python .ci/sbom.py requirements.lock VERSION > sbom.cdx.json

The lock is what jobs and the container install, by its hashes, so the list is made of it and of nothing that happens
to be installed. Standard library only: what says what a release is made of brings no package of its own. The same lock
gives the same bytes.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from pathlib import Path

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
NAME = "model-reconciler"


def pins(lock: str) -> list[tuple[str, str, list[str]]]:
    """Return the name, version and digests of each package of a lock. Raises ValueError for a line of another kind."""
    found: list[tuple[str, str, list[str]]] = []
    for line in lock.splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if (digest := _HASH.match(text)) is not None and found:
            found[-1][2].append(digest[1])
        elif (pin := _PIN.match(text)) is not None:
            found.append((re.sub(r"[-_.]+", "-", pin["name"]).lower(), pin["version"], []))
        else:
            raise ValueError(f"this line pins no package: {text[:80]}")
    if unhashed := [name for name, _, digests in found if not digests]:
        raise ValueError(f"no hash of {', '.join(unhashed)}")
    return found


def document(lock: str, version: str) -> dict[str, object]:
    """Return the CycloneDX document of a lock."""
    own = f"pkg:pypi/{NAME}@{version}"
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{pinned}",
            "name": name,
            "version": pinned,
            "purl": f"pkg:pypi/{name}@{pinned}",
            "properties": [{"name": "pip:hash", "value": f"sha256:{digest}"} for digest in digests],
        }
        for name, pinned, digests in pins(lock)
    ]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, own + lock)}",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": own, "name": NAME, "version": version, "purl": own}
        },
        "components": components,
        "dependencies": [{"ref": own, "dependsOn": [each["bom-ref"] for each in components]}],
    }


if __name__ == "__main__":
    json.dump(document(Path(sys.argv[1]).read_text(), sys.argv[2]), sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")
