"""Go all the way with IBM's sample invoices: a first model without history, improved, adopted, promoted.

`python benchmarks/improve_invoices.py FILE.csv [--seeds N] [--trials N] [--cache FOLDER]`. Of each seed: `init` without
the features from the past, `apply`, `promote`; `improve`, which tries those that the manifest declares; `experiment
adopt`, merge, `apply`, `promote`, merge, `apply production`. Printed are F1 macro of the first and of the promoted
model on the rows that were held out, which no trial saw, and the paired difference with its 95 % interval.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SEED = re.compile(r"^(    seed: ).*$", re.MULTILINE)
PAST = re.compile(r",\s+prior_\w+")
STRICT = re.compile(r"^    (#.*\n    )*- \{uses: (threshold|performance-grade).*\n", re.MULTILINE)


def told(folder: Path, *command: str) -> str:
    """Run a command and return what it prints. Raises SystemExit with what it says where it fails."""
    program = str(Path(sys.executable).parent / "reconciler")
    found = subprocess.run(
        [program if command[0] != "git" else "git", *command[command[0] == "git" :]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {found.returncode}:\n{found.stdout}{found.stderr}")
    return found.stdout


def commit(folder: Path, message: str) -> None:
    """Commit everything."""
    told(folder, "git", "add", "-A")
    told(folder, "git", "-c", "user.name=B", "-c", "user.email=b@b.example", "commit", "-qm", message)


def merge(folder: Path, prefix: str) -> None:
    """Merge the newest branch of a prefix."""
    names = told(
        folder, "git", "branch", "--list", f"{prefix}/*", "--sort=-committerdate", "--format", "%(refname:short)"
    )
    who = ("-c", "user.name=B", "-c", "user.email=b@b.example")
    told(folder, "git", *who, "merge", "-q", "--no-ff", "-m", "Merge", names.splitlines()[0])


def promoted(folder: Path) -> dict[str, Any]:
    """Train what git declares, bring it to production, and return its evaluation there."""
    told(folder, "apply", "sandbox", "--yes")
    told(folder, "promote", "invoices", "--to", "production")
    merge(folder, "promote")
    told(folder, "apply", "production", "--yes")
    found: dict[str, Any] = json.loads(told(folder, "show", "invoices", "--in", "production", "-o", "json"))
    return found


def journey(source: Path, seed: int, trials: int) -> dict[str, Any]:
    """Return the figures of one seed."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copy(source, folder / "invoices.csv")
        types = ("--type", "invoiceNumber=VARCHAR", "--type", "countryCode=VARCHAR", "--estimator", "default")
        told(folder, "init", "shop", "--from-table", "invoices.csv", *types)
        folder = folder / "shop"
        manifest = folder / "manifests/sandbox/invoices.yaml"
        text = PAST.sub("", SEED.sub(rf"\g<1>{seed}", manifest.read_text()))
        manifest.write_text(STRICT.sub("", text))
        commit(folder, "A first model without history")
        first = promoted(folder)
        run = json.loads(told(folder, "improve", "invoices", "--trials", str(trials), "-o", "json"))
        if run["holdout"] is None:
            raise SystemExit("nothing that was tried did better")
        told(folder, "experiment", "adopt", "improve-invoices")
        merge(folder, "experiment")
        last = promoted(folder)
    against = run["holdout"]["against"]
    return {
        "first": against["incumbent"],
        "last": against["candidate"],
        "difference": [against["difference"], against["lower"], against["upper"]],
        "rows": against["rows"],
        "winner": "; ".join(run["changes"]),
        "deployed": run["holdout"]["artifact"] in json.dumps(last) and run["holdout"]["base"] in json.dumps(first),
    }


def main() -> None:
    """Print the figures of each seed and their medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "reconciler-improve")
    chosen = parser.parse_args()
    found = []
    for seed in range(1, chosen.seeds + 1):
        known = chosen.cache / f"journey-{seed}-{chosen.trials}.json"
        if not known.exists():
            chosen.cache.mkdir(parents=True, exist_ok=True)
            known.write_text(json.dumps(journey(chosen.file.resolve(), seed, chosen.trials)))
        found.append(json.loads(known.read_text()))
        print(f"seed {seed}: {json.dumps(found[-1])}", flush=True)
    medians = {name: round(statistics.median(each[name] for each in found), 4) for name in ("first", "last")}
    low = statistics.median(each["difference"][1] for each in found)
    print(f"median of {len(found)} seeds: F1 macro {medians['first']} -> {medians['last']}, lower bound {low:+.4f}")


if __name__ == "__main__":
    main()
