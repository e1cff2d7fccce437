"""Put the packages that are locked with extras first in each given lock.

pip 23, which Debian 12 has, looks for a package when the first of those that need it comes. Where that is one that
needs it plain, and the package is locked as `name[extra]` further down, pip knows no version and no hash of it yet, and
refuses the whole lock.
"""

import re
import sys
from pathlib import Path


def extras_first(lock: str) -> str:
    """Return the lines of a lock with the entries that name extras before all others."""
    entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    return "".join(sorted(entries, key=lambda entry: entry != "" and not re.match(r"[\w.-]+\[", entry)))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        lock = Path(name)
        lock.write_text(extras_first(lock.read_text()))
