"""Compare `improve` with FLAML and with scikit-learn's own search: same rows, equal processor time, several seeds.

`python benchmarks/improve.py [--seeds N] [--trials N] [--seconds S] [--only TABLE ...] [--cache FOLDER]`. FLAML
needs an environment of its own: the variable FLAML names its interpreter; where it is not set, FLAML is left out and
said so. Peers get `--seconds` of processor time on one core, or else what `improve` took, rounded up to tens. Rows of
the last fifth of the days judge, and nothing is chosen by them. What was reached is kept in the cache, so that an
interrupted comparison goes on; `--again` runs `improve` anew, and compares it with the same figures of its peers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.improve_tables import INVOICES, TABLES, write
from benchmarks.plan_cost import cost
from benchmarks.project import FILES, REPOSITORY, commit_all

PEERS = Path(__file__).with_name("improve_peers.py")
NOT_FEATURES = {"id", "day", "y", "held"}
MODEL = """\
apiVersion: reconciler/v1
kind: Model
metadata: {name: wide}
spec:
  recipe:
    task: TASK
    data: {from: rows, key: id}
    outcome: OUTCOME
    features: {numeric: [NUMERIC], categorical: [CATEGORICAL]}
    estimator: {uses: sklearn, class: HistGradientBoostingKIND, params: {max_iter: 100QUANTILE}}
    holdout: {last: 20%, by: day}
    seed: SEED
"""
Figures = dict[str, Any]


def make(folder: Path, file: Path, task: str, quantile: float | None, seed: int) -> int:
    """Write a committed project of a table, and return how many rows are held out."""
    import pandas as pd

    values = pd.read_parquet(file)
    features = values.drop(columns=list(NOT_FEATURES))
    numeric = [str(name) for name in features.select_dtypes(include="number")]
    classifies = task == "classification"
    labels = sorted(set(values["y"])) if classifies else []
    filled = MODEL.replace("TASK", task).replace("SEED", str(seed)).replace("NUMERIC", ", ".join(numeric))
    filled = filled.replace("CATEGORICAL", ", ".join(str(name) for name in features if name not in numeric))
    filled = filled.replace("KIND", "Classifier" if classifies else "Regressor")
    filled = filled.replace(
        "OUTCOME", f"{{column: y, classes: [{', '.join(labels)}]}}" if classifies else "{column: y}"
    )
    filled = filled.replace("QUANTILE", f", loss: quantile, quantile: {quantile}" if quantile is not None else "")
    gate = "metric: accuracy, atLeast: 0.01" if classifies else "metric: mae, atMost: 1000000"
    for path, text in ({**FILES, "manifests/sandbox/wide.yaml": filled}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        gated = text.replace("metric: accuracy, atLeast: 0.2", gate)
        (folder / path).write_text(gated.replace("ARCHITECTURE", platform.machine()))
    (folder / "requirements.lock").write_text((REPOSITORY / "requirements.lock").read_text())
    (folder / "data").mkdir()
    values.drop(columns=["held"]).to_parquet(folder / "data/rows.parquet")
    commit_all(folder)
    return int(values["held"].sum())


def improve(folder: Path, trials: int, held: int) -> Figures:
    """Return the winner's figures on the held-out rows, and the processor time of all of it."""
    reconciler = str(Path(sys.executable).parent / "reconciler")
    one = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([reconciler, "data", "refresh", "sandbox", "--yes"], cwd=folder, check=True, capture_output=True)
    command = [reconciler, "improve", "wide", "--trials", str(trials), "-o", "json"]
    took = cost(command, folder, one)
    told = json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout)
    figure = told["holdout"]
    if figure is None:
        raise SystemExit(f"no trial was better than the model as it is: {told}")
    if figure["rows"] != held:
        raise SystemExit(f"{figure['rows']} rows judged, and peers are judged by {held}")
    reached = {each["metric"]: each["candidate"] for each in figure["against"]["metrics"]}
    return {**reached, "seconds": took.cpu, "winner": told["winner"], "changes": "; ".join(told["changes"])}


def peer(who: str, file: Path, task: str, quantile: float | None, seed: int, seconds: int) -> Figures:
    """Return the figures of a peer's model; of the cache where they are known."""
    body = hashlib.sha256(PEERS.read_bytes() + file.read_bytes()).hexdigest()[:8]
    known = file.with_name(f"{file.stem}-{who}-{seed}-{seconds}-{body}.json")
    if not known.exists():
        interpreter = os.environ["FLAML"] if who == "flaml" else sys.executable
        share = "-" if quantile is None else str(quantile)
        told = subprocess.run(
            [interpreter, str(PEERS), who, str(file), task, share, str(seed), str(seconds)],
            cwd=file.parent,
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        known.write_text(told.stdout.splitlines()[-1])
    figures: Figures = json.loads(known.read_text())
    return figures


def compared(table: str, seed: int, chosen: argparse.Namespace) -> dict[str, Figures]:
    """Return the figures of `improve` and its peers on a table of a seed."""
    _, task, quantile = TABLES[table]
    file = write(table, seed, chosen.cache / f"{table}-{seed}.parquet")
    ours = chosen.cache / f"{table}-{seed}-improve-{chosen.trials}.json"
    if chosen.again or not ours.exists():
        with tempfile.TemporaryDirectory() as scratch:
            held = make(Path(scratch), file, task, quantile, seed)
            ours.write_text(json.dumps(improve(Path(scratch), chosen.trials, held)))
    found = {"improve": json.loads(ours.read_text())}
    seconds = chosen.seconds or math.ceil(found["improve"]["seconds"] / 10) * 10
    for who in ("sklearn", *(["flaml"] if "FLAML" in os.environ else [])):
        if who not in chosen.without:
            found[who] = peer(who, file, task, quantile, seed, seconds)
    return found


def main() -> None:
    """Print the figures of each table and seed, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--only", choices=sorted(TABLES), nargs="+")
    parser.add_argument("--without", choices=["sklearn", "flaml"], nargs="+", default=[])
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "reconciler-improve")
    parser.add_argument("--again", action="store_true")
    chosen = parser.parse_args()
    chosen.cache = chosen.cache.resolve()
    if "FLAML" not in os.environ:
        print("(FLAML names no interpreter: not compared with it)")
    every: dict[str, list[dict[str, Figures]]] = {}
    for seed in range(1, chosen.seeds + 1):
        for table in chosen.only or TABLES:
            if table == "invoices" and not INVOICES.exists():
                continue
            found = compared(table, seed, chosen)
            every.setdefault(table, []).append(found)
            line = "   ".join(f"{who} {_figures(each)} in {each['seconds']:.0f} s" for who, each in found.items())
            print(f"{table} seed {seed}: {line}\n    {found['improve']['changes']}", flush=True)
    for table, of_seeds in every.items():
        for who in of_seeds[0]:
            names = [name for name in ("f1_macro", "log_loss", "mae", "pinball") if name in of_seeds[0][who]]
            medians = {name: statistics.median(each[who][name] for each in of_seeds) for name in names}
            print(f"{table:9} {who:8} median of {len(of_seeds)} seeds: {_figures(medians)}")


def _figures(figures: Any) -> str:
    names = ("f1_macro", "log_loss", "pinball", "mae")
    known = [name for name in names if name in figures]
    return ", ".join(f"{name} {figures[name]:.4f}" for name in known)


if __name__ == "__main__":
    main()
