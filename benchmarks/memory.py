"""Measure the memory of a first training from a large table: of all processes together, sampled, beside a bare script.

    python benchmarks/memory.py [--rows N] [--estimator CLASS] [--holdout random|last]
                                [--before FOLDER] [--no-bare] [--trace] [--folder FOLDER]

A table of 14 columns (numbers, categories, a condition, a date, some missing) goes through `apply sandbox`, with its
data snapshot. The bare script reads the same Parquet file by pandas, fits the same estimator on as many rows, scores
the others and writes the model. `--before`: another clone with its environment, whose `apply` is measured in the same
run, and whose model must be the same. Memory is the proportional set size (PSS) of the command and all that it
started, looked at five times a second: what processes share counts once. Linux only. Bars: 3 GB for ten million rows
with histogram boosting, 6 GB for thirty million with XGBoost. `--only-train`: the
training alone, on rows that repeat a million of them, which a busy machine has done sooner.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from benchmarks.project import FILES, commit_all  # noqa: E402
from reconciler.adapters.system.host import started_by  # noqa: E402
from reconciler.core.spec.runtime import fixed_environment  # noqa: E402

BARS = {"HistGradientBoostingClassifier": 3_000, "XGBClassifier": 6_000}  # MB, for ten and thirty million rows
ROWS_OF_BARS = {"HistGradientBoostingClassifier": 10_000_000, "XGBClassifier": 30_000_000}
USES = {"XGBClassifier": "xgboost", "LGBMClassifier": "lightgbm"}
PACKAGES = {"xgboost": "xgboost-cpu", "lightgbm": "lightgbm"}
PARAMS = {
    "HistGradientBoostingClassifier": {"max_iter": 50},
    "XGBClassifier": {"n_estimators": 5},
    "LGBMClassifier": {"n_estimators": 20},
    "RandomForestClassifier": {"n_estimators": 10, "max_depth": 12},
}
NUMBERS = ("amount", "balance", "rate", "terms", "prior", "score", "days")
CATEGORIES = ("country", "segment", "item")
TABLE = """
    SELECT range AS id, DATE '2020-01-01' + CAST(range * 2000 // {rows} AS INTEGER) AS opened,
    CAST(hash(range) % 10000000 AS DOUBLE) / 100 AS amount, (hash(range + 1) % 1000003) / 7.0 AS balance,
    CASE WHEN hash(range + 2) % 20 > 0 THEN (hash(range + 2) % 100003) / 100003.0 END AS rate,
    CAST(hash(range + 3) % 90 AS DOUBLE) AS terms, CAST(hash(range + 4) % 400 AS DOUBLE) AS prior,
    sqrt(hash(range + 5) % 1000000) AS score, CAST(hash(range + 6) % 730 AS DOUBLE) AS days,
    'C' || (hash(range + 7) % 12) AS country, 'segment ' || (hash(range + 8) % 5) AS segment,
    CASE WHEN hash(range + 9) % 50 > 0 THEN 'item ' || (hash(range + 9) % 2000) END AS item,
    hash(range + 10) % 4 = 0 AS disputed,
    CAST(CASE WHEN hash(range + 11) % 5 = 0 THEN hash(range + 12) % 3
      ELSE CAST(hash(range) % 10000000 > 6000000 AS INTEGER)
        + CAST(hash(range + 3) % 90 > 60 AS INTEGER) END AS BIGINT) AS y FROM range({rows})
"""
MODEL = """\
apiVersion: reconciler/v1
kind: Model
metadata: {{name: wide}}
spec:
  recipe:
    task: classification
    data: {{from: rows, key: id}}
    outcome: {{column: y, classes: ["0", "1", "2"]}}
    features: {{numeric: [{numbers}], categorical: [{categories}], boolean: [disputed]}}
    estimator: {{uses: {uses}, class: {name}, params: {params}}}
    holdout: {holdout}
    seed: 7
"""
BARE = """
import json, sys
import numpy as np, pandas as pd
name, params, numbers, categories = json.loads(sys.argv[1])
module = {"XGBClassifier": "xgboost", "LGBMClassifier": "lightgbm"}.get(name, "sklearn.ensemble")
kind = getattr(__import__(module, fromlist=[name]), name)
rows = pd.read_parquet("data/rows.parquet").sort_values("id")
held = np.random.default_rng(0).random(len(rows)) < 0.2
X, y = rows[[*numbers, *categories, "disputed"]].copy(), rows["y"].to_numpy()
for column in categories:
    frequent = X[column].value_counts().index[:254]
    X[column] = X[column].where(X[column].isin(frequent)).astype("category")
more = {"categorical_features": "from_dtype"} if "Hist" in name else {}
if module == "xgboost":
    more = {"enable_categorical": True, "tree_method": "hist"}
if "Forest" in name:
    X[categories] = X[categories].apply(lambda column: column.cat.codes)
    X = X.fillna(-1)
model = kind(**params, **more, random_state=7).fit(X[~held], y[~held])
p = model.predict_proba(X[held])
print((p.argmax(axis=1) == y[held]).mean(), file=sys.stderr)
if module == "sklearn.ensemble":
    import skops.io
    skops.io.dump(model, "data/bare.skops")
"""


@dataclass
class Peak:
    """What a command took: MB of all its processes at their worst moment, of each kind at its own, and seconds."""

    memory: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)
    wall: float = 0.0
    processor: float = 0.0
    trace: list[tuple[float, dict[str, float]]] = field(default_factory=list)


def main() -> None:
    """Make the table and the projects, run the commands, and compare them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--estimator", choices=sorted(PARAMS), default="HistGradientBoostingClassifier")
    parser.add_argument("--holdout", choices=("random", "last"), default="random")
    parser.add_argument("--before", type=Path)
    parser.add_argument("--no-bare", action="store_true")
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--folder")
    parser.add_argument("--rounds", type=int, help="of boosting; memory hardly depends on them")
    parser.add_argument("--only-train", action="store_true")
    parser.add_argument("--train-here", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.rounds:
        params = PARAMS[given.estimator]
        params |= {name: given.rounds for name in ("max_iter", "n_estimators") if name in params}
    if given.train_here:
        train_here(given.train_here, given.estimator)
        return
    if given.only_train:
        only_train(given.rows, given.estimator, given.rounds, given.folder, trace=given.trace)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        os.environ["TMPDIR"] = scratch
        table = Path(scratch) / "rows.parquet"
        write_table(TABLE.format(rows=given.rows), table)
        print(f"{given.rows:,} rows x 14 columns, {given.estimator}, holdout {given.holdout}", flush=True)
        programs = {"apply": REPOSITORY} | ({"before": given.before} if given.before else {})
        digests = {}
        ours: dict[str, Peak] = {}
        for name, program in programs.items():
            project = make_project(Path(scratch) / name, table, given.estimator, given.holdout)
            ours[name] = measured([str(program / ".venv/bin/reconciler"), "apply", "sandbox", "--yes"], project)
            tell(name, ours[name], given.trace)
            digests[name] = digest_of(project)
            print(f"{'':8} {digests[name]}", flush=True)
            subprocess.run(["rm", "-rf", str(project / ".reconciler")], check=True)
        if not given.no_bare:
            words = json.dumps([given.estimator, PARAMS[given.estimator], NUMBERS, CATEGORIES])
            ours["bare"] = measured([sys.executable, "-c", BARE, words], project, fixed=True)
            tell("bare", ours["bare"], given.trace)
        mine = ours.pop("apply")
        for name, other in ours.items():
            print(
                f"to {name}: {mine.memory / other.memory:.2f} of the memory,"
                f" {mine.processor / other.processor:.2f} of the processor time,"
                f" {mine.wall / other.wall:.2f} of the time"
            )
        if "before" in digests:
            print("the models are the same" if len(set(digests.values())) == 1 else "THE MODELS DIFFER")
        bar = BARS.get(given.estimator)
        if bar and given.rows >= ROWS_OF_BARS[given.estimator]:
            print(f"the bar is {bar:,} MB: {'met' if mine.memory <= bar else 'MISSED'}")


BLOCK = 1_000_000
SELECTED = """
    SELECT printf('%09d', id) AS key, amount, balance, rate, terms, prior, score, days, country, segment, item,
    disputed, CAST(y AS INTEGER) AS outcome FROM ({table})
"""


def only_train(rows: int, estimator: str, rounds: int | None, folder: str | None, *, trace: bool) -> None:
    """Measure the training of four fifths of the rows, which judges by the others."""
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        os.environ["TMPDIR"] = scratch
        block = Path(scratch) / "block.parquet"
        count = min(rows, BLOCK)
        write_table(SELECTED.format(table=TABLE.format(rows=count)), block)
        source = pq.ParquetFile(block)
        for name, blocks in (("train", rows * 4 // 5 // count), ("holdout", max(1, rows // 5 // count))):
            with pq.ParquetWriter(Path(scratch) / f"{name}.parquet", source.schema_arrow) as writer:
                for _ in range(max(1, blocks)):
                    for batch in source.iter_batches(122_880):
                        writer.write_batch(batch, row_group_size=122_880)
        print(f"the training alone of {rows:,} rows x 14 columns, {estimator}", flush=True)
        command = [sys.executable, __file__, "--estimator", estimator, "--train-here", scratch]
        command += ["--rounds", str(rounds)] if rounds else []
        peak = measured(command, Path(scratch))
        tell("train", peak, trace)
        bar = BARS.get(estimator)
        if bar and rows >= ROWS_OF_BARS[estimator]:
            print(f"the bar is {bar:,} MB: {'met' if peak.memory <= bar else 'MISSED'}")


def train_here(folder: Path, estimator: str) -> None:
    """Train by a worker, as `apply` does."""
    import pyarrow.parquet as pq

    from reconciler.adapters.executors.compute import TrainingWorker
    from reconciler.core.digest import digest_of_file
    from reconciler.core.spec.environment import Limits
    from reconciler.core.spec.recipe import Estimator, Features, Holdout, Outcome, OutcomeClass, Recipe, Selection, Task
    from reconciler.ports import SelectResult, TrainRequest
    from reconciler.training.runtime_check import runtime_here

    rows, held_out = (pq.read_metadata(folder / f"{name}.parquet").num_rows for name in ("train", "holdout"))
    recipe = Recipe(
        task=Task.CLASSIFICATION,
        data=Selection(table="rows", key="id"),
        outcome=Outcome(column="y", classes=tuple(OutcomeClass(name=name) for name in "012")),
        features=Features(numeric=NUMBERS, categorical=CATEGORIES, boolean=("disputed",)),
        estimator=Estimator(
            uses=USES.get(estimator, "sklearn"), class_name=estimator, params=tuple(PARAMS[estimator].items())
        ),
        holdout=Holdout(random=0.2),
        seed=7,
    )
    worker = TrainingWorker()
    worker.train(
        TrainRequest(
            recipe=recipe,
            selected=SelectResult(rows=rows, holdout_rows=held_out, holdout_from=None, left_out=()),
            train=folder / "train.parquet",
            holdout=folder / "holdout.parquet",
            evaluation_rows=digest_of_file(folder / "holdout.parquet"),
            tables=(),
            runtime=runtime_here(),
            into=folder / "artifact",
            limits=Limits(seconds=7200),
        )
    )
    worker.close()


MAKE = """
import sys, duckdb
connection = duckdb.connect(config={"threads": "1", "memory_limit": "2GB"})
connection.execute("SET enable_progress_bar = false")
query, path = sys.argv[1:]
connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
"""


def write_table(query: str, path: Path) -> None:
    """Write a query as a Parquet file, in a process of its own: its memory is none of what is measured."""
    subprocess.run([sys.executable, "-c", MAKE, query, str(path)], check=True)


def make_project(folder: Path, table: Path, estimator: str, holdout: str) -> Path:
    """Create a committed project whose production has the table."""
    words = {"random": "{random: 20%}", "last": "{last: 20%, by: opened}"}
    model = MODEL.format(
        numbers=", ".join(NUMBERS),
        categories=", ".join(CATEGORIES),
        uses=USES.get(estimator, "sklearn"),
        name=estimator,
        params=json.dumps(PARAMS[estimator]),
        holdout=words[holdout],
    )
    files = {**FILES, "manifests/sandbox/wide.yaml": model}
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace("ARCHITECTURE", platform.machine()))
    lock = (REPOSITORY / "requirements.lock").read_text()
    if estimator in USES:
        package = PACKAGES[USES[estimator]]
        lock += f"{package}=={version(package)}\n"
    (folder / "requirements.lock").write_text(lock)
    (folder / "data").mkdir()
    os.link(table, folder / "data/rows.parquet")
    commit_all(folder)
    return folder


def measured(command: Sequence[str], folder: Path, *, fixed: bool = False) -> Peak:
    """Run a command, looking at its memory, and return what it took. Raises SystemExit with its output if it fails."""
    environment: Mapping[str, str] = os.environ
    if fixed:
        environment = fixed_environment(os.environ, architecture=os.uname().machine)  # the same threads and kernels
    peak, started = Peak(), time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=output, stderr=output)
        ended = threading.Event()
        watcher = threading.Thread(target=watch, args=(process.pid, peak, ended))
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        watcher.join()
        peak.wall = time.perf_counter() - started
        peak.processor = used.ru_utime + used.ru_stime
        if process.returncode:
            output.seek(0)
            raise SystemExit(output.read().decode())
    return peak


def watch(process: int, peak: Peak, ended: threading.Event) -> None:
    """Look at the memory of a process and all that it started, until it has ended."""
    started = time.perf_counter()
    while not ended.wait(0.2):
        parts: dict[str, float] = {}
        for each in tree_of(process):
            try:
                words = Path(f"/proc/{each}/cmdline").read_bytes().decode().split("\0")
                rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
            except OSError:
                continue
            kind: str = next((word for word in words if word.startswith("reconciler.")), "command")
            pss = next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
            parts[kind] = parts.get(kind, 0.0) + pss * 1024 / 1e6
        if sum(parts.values()) > peak.memory:
            peak.memory, peak.parts = sum(parts.values()), parts
        for kind, size in parts.items():
            peak.most[kind] = max(size, peak.most.get(kind, 0.0))
        peak.trace.append((time.perf_counter() - started, parts))


def tree_of(process: int) -> list[int]:
    """Return a process and all that it started."""
    return [process, *(each for started in started_by(process) for each in tree_of(started))]


def tell(name: str, peak: Peak, trace: bool) -> None:
    """Print what a command took."""
    print(f"{name:8} {peak.memory:7,.0f} MB  {peak.wall:7.1f} s  {peak.processor:7.1f} s of processor time", flush=True)
    for what, parts in (("then", peak.parts), ("at most", peak.most)):
        print(f"{'':8} {what}: " + ", ".join(f"{kind} {size:,.0f}" for kind, size in parts.items()))
    if trace:
        step = max(1, len(peak.trace) // 60)
        for start in range(0, len(peak.trace), step):
            moment, parts = max(peak.trace[start : start + step], key=lambda each: sum(each[1].values()))
            print(
                f"  {moment:7.1f} s " + " ".join(f"{kind.split('.')[-1]}={size:,.0f}" for kind, size in parts.items())
            )


def digest_of(project: Path) -> str:
    """Return the digest of the only artifact that was built."""
    (build,) = (project / ".reconciler").rglob("builds/*.json")
    digest: str = json.loads(build.read_text())["artifact"]
    return digest


if __name__ == "__main__":
    main()
