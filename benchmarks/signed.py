"""Measure what signatures cost: plans over many models whose journals are signed, beside the same ones unsigned.

python benchmarks/signed.py [MODELS]      (default: 1,000; 0: deploys only)

Bars: a plan with nothing to do within 1.2 of the unsigned one, by processor time of whole processes; a first run, which
reads and checks every head, is printed beside it. A deploy, whose training, gates, journal and controls are checked and
whose entry is signed, at most 50 ms more than an unsigned one, by processor time; wall time is told beside it. Deploys
are run in pairs, the first of a pair in turn, and the median of the pairs' differences is told with an interval that
holds the true one in at least 95 of 100 cases, whatever the noise is like.
"""

from __future__ import annotations

import dataclasses
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

from benchmarks.plan_cost import Cost, cost, tell  # noqa: E402
from benchmarks.project import make_project  # noqa: E402
from benchmarks.scale import PLAN, RECONCILER, forget, settle  # noqa: E402
from reconciler import codec  # noqa: E402
from reconciler.adapters.signing.key_files import write_key  # noqa: E402
from reconciler.adapters.signing.signer import open_signer  # noqa: E402
from reconciler.core.artifact.journal import Entry, ReleasePointer  # noqa: E402
from reconciler.core.digest import digest_of_bytes  # noqa: E402
from reconciler.engine.trust.entries import signed_entry  # noqa: E402
from reconciler.ports import Signer  # noqa: E402

BAR, RUNS = 1.2, 5
EXTRA, DEPLOYS = 50, 15  # ms; pairs
TRUST = """\
  trust:
    required: true
    keys:
      trainer: [{key: keys/trainer.pub}]
      promoter: [{key: keys/promoter.pub}]
"""


def main(models: int) -> int:
    """Measure both fleets and compare; then deploys."""
    met = models == 0 or plans(models)
    return 0 if deploys() and met else 1


def plans(models: int) -> bool:
    """Compare plans with nothing to do; tell whether the bar is met."""
    with tempfile.TemporaryDirectory() as scratch:
        fleet = Path(scratch) / "fleet"
        fleet.mkdir()
        subprocess.run([sys.executable, "-m", "benchmarks.many_models", str(fleet), str(models)], check=True, cwd=HERE)
        plain = measure(fleet, models, "unsigned")
        key = Path(scratch) / "promoter.pem"
        sign(fleet, key)
        signed = measure(fleet, models, "signed")
        tell_signature(key)
    ratio = least(signed) / least(plain)
    print(f"a plan with nothing to do: {ratio:.2f} of the unsigned one; the bar is {BAR}: {told(ratio <= BAR)}")
    return ratio <= BAR


def deploys() -> bool:
    """Compare deploys of one pinned artifact, each in a copy of its project; tell whether the bar is met."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        projects = [make_project(folder / name, rows=2_000, columns=4) for name in ("unsigned", "signed")]
        signs = {role: f"file:{folder / role}.pem" for role in ("trainer", "promoter")}
        trust(projects[1], folder / "promoter.pem")
        with (projects[0] / "environments/production.yaml").open("a") as stream:
            stream.write("  # as long a history as the other's\n")
        commit(projects[0], "No keys")
        runs: list[list[Cost]] = [[], []]
        for project, keys in zip(projects, ({}, signs), strict=True):
            pin(project, keys)
        every = list(zip(projects, runs, ({}, signs), strict=True))
        for number in range(DEPLOYS):
            for project, found, keys in every[:: 1 if number % 2 else -1]:
                copy = shutil.copytree(project, folder / f"{project.name}-{number}", symlinks=True)
                found.append(run("apply", "production", "--yes", project=copy, keys=keys, role="promoter"))
                shutil.rmtree(copy)
    for name, found in zip(("unsigned", "signed"), runs, strict=True):
        tell(f"{name}, a deploy", found)
    extra = 0.0
    for kind in ("wall", "cpu"):
        low, extra, high = median_difference(*([getattr(run, kind) * 1000 for run in found] for found in runs))
        print(f"a signed deploy: {extra:.0f} ms ({kind}) more  [{low:.0f} - {high:.0f}]")
    print(f"the bar is {EXTRA} ms (cpu) more: {told(extra <= EXTRA)}")
    return extra <= EXTRA


def median_difference(before: Sequence[float], after: Sequence[float]) -> tuple[float, float, float]:
    """Return the median of the differences of pairs, between the ends of its interval of 95 % (of the sign test)."""
    differences = sorted(b - a for a, b in zip(before, after, strict=True))
    count, outside, beyond = len(differences), 0, 0.0
    while (beyond := beyond + math.comb(count, outside) / 2**count) <= 0.025:
        outside += 1
    outside = max(outside - 1, 0)
    return differences[outside], statistics.median(differences), differences[count - 1 - outside]


def pin(project: Path, keys: dict[str, str]) -> None:
    """Train an artifact, and pin it for production, where nothing is deployed."""
    run("apply", "sandbox", "--yes", project=project, keys=keys, role="trainer")
    run("promote", "wide", "--to", "production", project=project, keys=keys, role="none")
    newest = ["git", "for-each-ref", "--sort=-committerdate", "--format=%(refname:short)", "refs/heads/promote"]
    branches = subprocess.run(newest, cwd=project, check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["git", "merge", "-q", "--no-ff", branches[0], "-m", "Merge"], cwd=project, check=True)


def run(*arguments: str, project: Path, keys: dict[str, str], role: str) -> Cost:
    """Run a command as a process that has the key of a role, and return what it costs."""
    return cost([RECONCILER, *arguments], project, environment_of(keys, role))


def environment_of(keys: dict[str, str], role: str) -> dict[str, str]:
    """Return the variables of a process that signs in a role, where there is a key of it."""
    return {**os.environ, **({"RECONCILER_SIGNING_KEY": keys[role]} if role in keys else {})}


def commit(project: Path, message: str) -> None:
    """Commit all that was changed."""
    subprocess.run(["git", "add", "-A"], cwd=project, check=True)
    subprocess.run(["git", "commit", "-qm", message], cwd=project, check=True)


def trust(project: Path, private: Path) -> None:
    """Let production trust two new keys."""
    keys = project / "keys"
    keys.mkdir()
    (keys / "trainer.pub").write_text(write_key(private.with_name("trainer.pem"), project).pem)
    (keys / "promoter.pub").write_text(write_key(private, project).pem)
    with (project / "environments/production.yaml").open("a") as stream:
        stream.write(TRUST)
    commit(project, "Keys")


def measure(fleet: Path, models: int, name: str) -> list[Cost]:
    """Print the cost of a first plan, and of one with nothing to do; return the latter's."""
    forget(fleet)
    tell(f"{name}, first run", [cost(PLAN, fleet, dict(os.environ))])
    settle(fleet, models)
    runs = [cost(PLAN, fleet, dict(os.environ)) for _ in range(RUNS)]
    tell(f"{name}, nothing to do", runs)
    return runs


def sign(fleet: Path, private: Path) -> None:
    """Let production trust keys, and sign the last entry of every journal and the controls."""
    trust(fleet, private)
    signer = open_signer(f"file:{private}", None, inside=fleet)
    for journal in sorted((fleet / ".reconciler/production/journal/production").iterdir()):
        sign_head(fleet, journal, signer)
    environment = {**os.environ, "RECONCILER_SIGNING_KEY": f"file:{private}"}
    apply = [RECONCILER, "apply", "production", "--yes"]
    subprocess.run(apply, cwd=fleet, check=True, capture_output=True, env=environment)


def sign_head(fleet: Path, journal: Path, signer: Signer) -> None:
    """Sign the last entry of a journal, and name it in the pointer."""
    last = max(journal.iterdir(), key=lambda path: int(path.stem))
    entry = codec.decode(Entry, last.read_bytes(), what=str(last))
    body = codec.encode(signed_entry(entry, signer))
    last.unlink()
    last.write_bytes(body)
    current = fleet / "serving" / journal.name / "current"
    pointer = codec.decode(ReleasePointer, current.read_bytes(), what=str(current))
    current.unlink()
    current.write_bytes(codec.encode(dataclasses.replace(pointer, entry=digest_of_bytes(body))))


def tell_signature(private: Path) -> None:
    """Print what one signature and one check of it cost, and the import of the library."""
    program = "import time; t = time.process_time(); import securesystemslib.dsse; print(time.process_time() - t)"
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, capture_output=True, text=True)
    from reconciler.adapters.signing.verifier import DsseVerifier

    signer, verifier, body = open_signer(f"file:{private}", None, inside=None), DsseVerifier(), b"x" * 4000
    started = time.process_time()
    signatures = [signer.sign("type", body) for _ in range(100)]
    signed = time.process_time()
    for signature in signatures:
        verifier.signed_by("type", body, [signature], [signer.key])
    checked = time.process_time()
    sign_ms, check_ms = (signed - started) * 10, (checked - signed) * 10
    print(f"import {float(ran.stdout) * 1000:.0f} ms; a signature {sign_ms:.2f} ms, a check {check_ms:.2f} ms (cpu)")


def least(runs: list[Cost]) -> float:
    """Return the median processor time."""
    return statistics.median(run.cpu for run in runs)


def told(met: bool) -> str:
    """Return the verdict in a word."""
    return "met" if met else "MISSED"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000))
