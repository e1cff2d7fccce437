"""A small real project in a temporary git repository, driven by real `reconciler` processes."""

from __future__ import annotations

import csv
import json
import os
import platform
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconciler.report.write_json_schemas import documents, schema_of
from tests.support.json_schemas import closed
from tests.support.once import once
from tests.support.warm_start import PYTHON, warm_start

REPOSITORY = Path(__file__).resolve().parents[2]

PROJECT = "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: books}\nspec: {}\n"

SANDBOX = """\
apiVersion: reconciler/v1
kind: Environment
metadata: {name: sandbox}
spec:
  role: sandbox
  data: {copyFrom: production, maxAge: 24h}
  runtime: {lock: requirements.lock, python: "3.11", architecture: ARCHITECTURE}
"""

PRODUCTION = """\
apiVersion: reconciler/v1
kind: Environment
metadata: {name: production}
spec:
  role: production
  promotesFrom: [sandbox]
  data:
    asOf: 2024-12-31
    tables:
      invoices: {uses: csv, path: data/invoices.csv, types: {customer_id: VARCHAR}}
  target: {uses: directory, root: serving}
  policy:
    gates:
      - {uses: threshold, metric: accuracy, atLeast: 0.4}
    maxDataAge: 30d
  protect: {branch: main}
"""

MODEL = """\
# Will it be paid late?
apiVersion: reconciler/v1
kind: Model
metadata: {name: lateness, owner: credit}
spec:
  recipe:
    task: classification
    data:
      from: invoices
      key: invoice_id
      derive:
        terms: date_diff('day', issued, due)
        days_late: date_diff('day', due, coalesce(paid, as_of))
      past:
        by: customer_id
        at: issued
        known: paid
        features:
          prior: count(*)
          prior_late: avg(days_late)
      predict: {where: paid is null}
    outcome:
      matured: due + interval 20 day
      classes:
        on_time: days_late <= 0
        late: days_late > 0
    features:
      numeric: [amount, terms, prior, prior_late]
      categorical: [country]
    estimator: {uses: sklearn, class: DecisionTreeClassifier, params: {max_depth: 3}}
    holdout: {last: 25%, by: issued}
    seed: 7
  gates:
    - {uses: beats-naive-guess, byShareOfErrors: 0.01}
"""


def write_ledger(path: Path, *, rows: int = 600, seed: int = 1) -> None:
    """Invoices of thirty customers, each with a habit; those after the books' day are open."""
    chance = random.Random(seed)
    as_of = date(2024, 12, 31)
    habits = [chance.gauss(0, 9) for _ in range(30)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["invoice_id", "customer_id", "issued", "due", "paid", "amount", "country"])
        for number in range(rows):
            customer = chance.randrange(30)
            issued = date(2023, 1, 1) + timedelta(days=int(number * 725 / rows))
            due = issued + timedelta(days=chance.choice([14, 30]))
            paid = max(issued, due + timedelta(days=round(habits[customer] + chance.gauss(0, 3))))
            known = paid.isoformat() if paid <= as_of else ""
            country = chance.choice(["NO", "SE", "DK"])
            amount = f"{chance.uniform(20, 900):.2f}"
            writer.writerow([f"{number:06d}", f"{customer:03d}", issued, due, known, amount, country])


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def told(arguments: tuple[str, ...], document: Any) -> None:
    """Every JSON result that any of these tests sees is what its schema says."""
    command = next(one for one in ("-".join(arguments[:2]), *arguments) if one in documents())
    special = {"--comment": "plan-comment", "--on-merge": "apply-on-merge", "--environments": "ci-environments"}
    special |= {f"--{name}": f"data-forget-{name}" for name in ("returned", "finish", "verify")}
    for flag, name in special.items():
        command = name if flag in arguments else command
    if command in ("promote", "rollback", "adopt", "override") and "models" in document:
        command = "proposal-set"
    if command == "why" and "explanations" in document:
        command = "why-set"
    if command == "report" and "index" in document:
        command = "report-site"
    _validator("error" if "error" in document else command).validate(document)


@cache
def _validator(command: str) -> jsonschema.Draft7Validator:
    schema = closed(schema_of(command))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


CI = ("GITHUB_", "GITLAB_", "GH_", "CI_", "RECONCILER_")
"""What the CI that runs these tests says of itself is not the project's."""


class Project:
    """A project's folder and the commands that a person would type there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(CI)},
            "OMP_NUM_THREADS": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "NO_COLOR": "1",
        }
        self.python = PYTHON

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=self.root, check=True, capture_output=True, text=True, env=self.environment
        ).stdout.strip()

    def command(self, *arguments: str, cold: bool = False) -> list[str]:
        """Return what starts a command in a process that begins with nothing. Its workers are forked, or `cold`."""
        starter = None if cold else warm_start(self.python, self.environment)
        workers = f"import sys; sys.executable = {starter.workers!r}; " if starter is not None else ""
        return [self.python, "-P", "-c", f"{workers}from reconciler.cli.main import run; run()", *arguments]

    def start(self, *arguments: str, cold: bool = False) -> subprocess.Popen[str]:
        """Start a command as a person does, but for its workers, which are forked unless they are to start `cold`."""
        return subprocess.Popen(
            self.command(*self._words(arguments), cold=cold),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env=self.environment,
            cwd=self._folder(),
        )

    def _folder(self) -> Path:
        """Return the folder that a person stands in: the project's, where there is one by now."""
        return self.root if self.root.is_dir() else self.root.parent

    def _words(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        return arguments if self.root.is_dir() else ("-C", str(self.root), *arguments)

    def run(self, *arguments: str, code: int | None = 0) -> Ran:
        ran = self.run_warm(arguments) or self.run_cold(arguments)
        assert "Traceback" not in ran.err, ran.err
        if "json" in arguments and ran.code not in (130, -9):  # interrupted, killed: nothing may have been printed yet
            told(arguments, ran.json)
        if code is not None:
            assert ran.code == code, f"{arguments}: exit {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def run_two(self, *arguments: str) -> list[Ran]:
        """Run the same command twice at the same time."""
        with ThreadPoolExecutor(2) as both:
            return list(both.map(lambda _: self.run(*arguments, code=None), range(2)))

    def run_cold(self, arguments: tuple[str, ...]) -> Ran:
        """Run a command as a person does: in a process that begins with nothing."""
        process = self.start(*arguments, cold=True)
        out, err = process.communicate(timeout=300)
        return Ran(process.returncode, out, err)

    def run_warm(self, arguments: tuple[str, ...]) -> Ran | None:
        """Run a command in a process that is forked with its imports, unless it is to start cold."""
        starter = warm_start(self.python, self.environment, arguments)
        if starter is None:
            return None
        return Ran(*starter.run(self._words(arguments), self.environment, self._folder(), timeout=300))

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def recipe(self, old: str, new: str) -> None:
        path = self.root / "manifests/sandbox/lateness.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        self.commit(f"Recipe: {new}")

    def promote(self) -> str:
        """Propose the newest candidate, merge it, and give the digest that main now pins."""
        return self.promoted("production")

    def promoted(self, environment: str) -> str:
        """Propose the newest candidate for an environment, merge it, and give the digest that main now pins."""
        proposed = self.run("promote", "lateness", "--to", environment, "-o", "json").json
        self.merge(proposed["branch"])
        return str(proposed["artifact"])

    def merge(self, branch: str) -> None:
        self.git("merge", "-q", "--no-ff", "-m", f"Merge {branch}", branch)

    def served(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / "serving/lateness/current").read_text())
        return found

    def release(self) -> Path:
        return self.root / "serving/lateness/releases" / self.served()["artifact"].removeprefix("sha256:")

    def model_status(self, environment: str, *, code: int = 0) -> dict[str, Any]:
        status = self.run("status", environment, "-o", "json", code=code).json
        found: dict[str, Any] = status["environments"][0]["models"][0]
        return found


def configured(root: Path) -> Project:
    """Write a configured project in which nothing was made yet, outside git."""
    project = Project(root)
    root.mkdir(parents=True)
    project.write(".gitignore", "data/\n.reconciler/\nserving/\n")
    project.write("reconciler.yaml", PROJECT)
    project.write("environments/sandbox.yaml", SANDBOX.replace("ARCHITECTURE", platform.machine()))
    project.write("environments/production.yaml", PRODUCTION)
    project.write("manifests/sandbox/lateness.yaml", MODEL)
    project.write("requirements.lock", (REPOSITORY / "requirements.lock").read_text())
    write_ledger(root / "data/invoices.csv")
    return project


def committed(factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a configured, committed project in which nothing was made yet; it is made once per run."""
    return once(factory, "committed", lambda folder: begin(configured(folder)))


def begin(project: Project) -> Project:
    """Make the project's folder a git repository, and commit all of it."""
    project.git("init", "-q", "-b", "main")
    project.git("config", "user.name", "Ada")
    project.git("config", "user.email", "ada@example.org")
    project.commit("A model of lateness")
    return project
