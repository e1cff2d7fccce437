"""The worker that reads headers: `python -m reconciler.data.tables`, as in `reconciler.workers.request_loop`.

header   HeaderRequest   -> TableHeader

A worker of its own, so that neither DuckDB nor numpy is imported for it.
"""

from __future__ import annotations

from reconciler.data.tables.header import header_of
from reconciler.ports import HeaderRequest
from reconciler.workers.request_loop import serve

if __name__ == "__main__":
    serve({"header": (HeaderRequest, header_of)})
