"""Run the whole demo with real commands in a temporary clone: `make demo`.

Each step prints a command and its output. Facts are checked on the way: a wrong claim fails the demo.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from tests.support.unpacked import bytes_below  # noqa: E402  (where it is, is known only now)

MODEL = "customer-payments"
GIT = """\
[user]
  name = Demo
  email = demo@example.org
[init]
  defaultBranch = main
[safe]
  directory = {repository}
  directory = {repository}/.git
"""


class Story:
    """A clone and the commands run in it, isolated from the user's git settings and caches."""

    def __init__(self, scratch: Path) -> None:
        self.scratch, self.folder = scratch, scratch / "receivables"
        self.told = self.start = ""
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        configuration = scratch / "gitconfig"
        configuration.write_text(GIT.format(repository=json.dumps(str(REPOSITORY))))
        own = {name: text for name, text in os.environ.items() if not name.startswith(("GIT_", "RECONCILER_"))}
        self.environment = {
            **own,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "GIT_CONFIG_GLOBAL": str(configuration),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PAGER": "cat",
            "XDG_CACHE_HOME": str(scratch / "cache"),
            "TMPDIR": str(scratch / "temporary"),
        }
        if self.colour:
            self.environment["FORCE_COLOR"] = "1"

    def chapter(self, text: str) -> None:
        """Print a heading."""
        print(f"\n{self._styled('1;36', text)}", flush=True)

    def do(self, command: str, *, code: int = 0) -> str:
        """Print and run a command line, check its exit code, and return its output."""
        print(self._styled("1", f"\n$ {command}"), flush=True)
        process = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.told += process.stdout
        for line in process.stdout.rstrip().splitlines():
            print(f"  {line}".rstrip(), flush=True)
        if process.returncode != code:
            raise SystemExit(f"the demo expected exit code {code} and got {process.returncode}: {command}")
        if code:
            print(self._styled("2", f"  (exit code {code})"))
        return process.stdout

    def ask(self, command: str) -> Any:
        """Return a command's JSON output for the demo's own checks, without printing it."""
        out = subprocess.run(
            ["bash", "-c", f"{command} --output json"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return json.loads(out)

    def served(self) -> str:
        """Return the digest that production serves."""
        artifact: str = json.loads((self.folder / f"serving/{MODEL}/current").read_text())["artifact"]
        return artifact

    def newest(self) -> str:
        """Return the digest of the sandbox's newest artifact."""
        status = self.ask("reconciler status sandbox")
        artifact: str = status["environments"][0]["models"][0]["artifact"]
        return artifact

    def merge(self, prefix: str, message: str) -> None:
        """Merge the newest unmerged branch below `prefix`."""
        branches = subprocess.run(
            ["git", "branch", "--list", f"{prefix}/*", "--no-merged", "HEAD", "--format", "%(refname:short)"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        self.do(f'git merge -q --no-ff -m "{message}" {branches[-1]}')

    def recipe(self, old: str, new: str, message: str) -> None:
        """Change the recipe in the sandbox's manifest, and commit."""
        self.do(f"sed -i.orig 's/{old}/{new}/' manifests/sandbox/{MODEL}.yaml && rm manifests/sandbox/*.orig")
        self.do(f'git commit -qam "{message}"')

    def _styled(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.colour else text


def expect(fact: bool, claim: str) -> None:
    """Fail the demo unless a claim is true."""
    if not fact:
        raise SystemExit(f"the demo expected: {claim}")


def tell(story: Story) -> None:
    """Run the demo's chapters."""
    story.chapter("1. A ledger, and what git declares")
    story.do("python demo/invoices.py --out data && head -4 data/invoices.csv")
    story.do("reconciler validate")

    story.chapter("2. The sandbox: copy the tables, train, check production's gates")
    story.do("reconciler plan sandbox")
    story.do("reconciler apply sandbox --yes")
    story.do("reconciler apply sandbox --yes   # again: nothing is missing, so nothing happens")
    first = story.newest()

    story.chapter("3. Propose it for production: a branch with the manifest and the model's card")
    story.do(f"reconciler promote {MODEL} --to production")
    story.do(f"git diff --stat main promote/production/{MODEL}/{first[7:19]}")
    story.do(f"git show promote/production/{MODEL}/{first[7:19]}:manifests/production/{MODEL}.md | head -40")
    story.merge("promote", f"Promote {MODEL}")

    story.chapter("4. After the merge: the plan, the apply; the same bytes, by digest")
    story.do("reconciler plan production")
    story.do("reconciler apply production --yes")
    expect(story.served() == first, "production serves the sandbox's digest")
    story.do(f"cat serving/{MODEL}/current")

    story.chapter("5. Use it: when will the open invoices be paid, and how much by when?")
    story.do(
        f"reconciler predict {MODEL} --in production --out data/predictions.csv"
        " --by customer_group --amount invoice_amount"
    )
    story.do("head -4 data/predictions.csv")

    story.chapter("6. Somebody changes one byte of the served model")
    release = story.folder / f"serving/{MODEL}/releases/{first[7:]}/model.skops"
    release.chmod(0o644)
    story.do(
        f"printf x | dd of=serving/{MODEL}/releases/{first[7:]}/model.skops bs=1 seek=5000 conv=notrunc status=none"
    )
    story.do("reconciler status production", code=3)
    story.do("reconciler plan production --check", code=3)
    story.do("reconciler apply production --yes")
    story.do("reconciler audit production")

    story.chapter("7. Another recipe, tried in the sandbox: worse on every metric, so production's gates refuse it")
    story.recipe("max_iter: 120, learning_rate: 0.05", "max_iter: 200, learning_rate: 0.03", "More, smaller steps")
    story.do("reconciler apply sandbox --yes", code=4)
    worse = story.newest()
    print(
        "\n  The interval reaches above zero: 688 rows cannot tell this loss from chance, and by the rule"
        "\n  `evidence` the candidate would have passed. Production asks for the plain difference (`rule: point`),"
        "\n  also to the best it ever deployed (`against: best`): else a tolerance is lost again and again."
    )
    story.do(f"reconciler promote {MODEL} --to production", code=4)
    expect(story.served() == first != worse, "the published model is not touched by the sandbox")

    story.chapter("8. A third recipe stays within the tolerance: promote it")
    story.recipe("max_iter: 200, learning_rate: 0.03", "max_iter: 80, learning_rate: 0.05", "Fewer steps")
    story.do("reconciler apply sandbox --yes")
    third = story.newest()
    story.do(f"reconciler promote {MODEL} --to production")
    story.merge("promote", "Promote the third recipe")
    story.do("reconciler plan production")
    story.do("reconciler apply production --yes")
    expect(story.served() == third, "production serves the third candidate")

    story.chapter("9. It is no better than the first, so roll back: old bytes, old evidence, no training")
    story.do(f"reconciler rollback {MODEL} --in production")
    story.merge("rollback", "Roll back")
    story.do("reconciler apply production --yes")
    expect(story.served() == first, "production serves the first artifact again")

    story.chapter("10. What happened, and is every byte what it must be?")
    story.do("reconciler history production")
    story.do("reconciler audit")
    story.do(f"reconciler reproduce {first}")
    search(story)


def search(story: Story) -> None:
    """Expect none of production's names and e-mails in anything that the demo made or said, packed or not."""
    table = story.folder / "data/customers.csv"
    with table.open(encoding="utf-8") as stream:
        values = {row[column].encode() for row in csv.DictReader(stream) for column in ("name", "email")}
    shapes = re.compile(rb"billing@[a-z]+\.example|[A-Z][a-z]+ (?:AS|AB|GmbH|BV|Ltd)(?![A-Za-z])")
    expect(set(shapes.findall(table.read_bytes())) >= values, "each name and e-mail has one of the shapes looked for")
    table.unlink()
    committed = subprocess.run(
        ["git", "log", "--all", "--patch", "--not", story.start],
        cwd=story.folder,
        env=story.environment,
        capture_output=True,
        check=True,
    ).stdout
    everything = bytes_below(story.scratch) + committed + story.told.encode()
    found = values & set(shapes.findall(everything))
    expect(not found, f"no name or e-mail of production's customers is outside its tables; {len(found)} are")
    size = f"{len(everything) // 1024**2} MB, unpacked"
    print(f"\n  {len(values)} names and e-mails of production's customers were looked for in stores, artifacts, cards,")
    print(f"  predictions, caches, commits and all that was printed ({size}): none is there.")


def clone(story: Story) -> None:
    """Clone this repository at its commit, on a branch main; of a shallow clone, without its history."""

    def git(*arguments: str, folder: Path = story.folder) -> str:
        process = subprocess.run(
            ["git", *arguments], cwd=folder, env=story.environment, capture_output=True, text=True, check=False
        )
        if process.returncode:
            raise SystemExit(f"git {arguments[0]} failed: {process.stderr.strip()}")
        return process.stdout.strip()

    if not (REPOSITORY / ".git").exists():
        raise SystemExit("the demo works on a clone: this folder has no .git (an unpacked archive?)")
    if git("status", "--porcelain", folder=REPOSITORY):
        print("(The demo runs on the last commit: your uncommitted changes are not part of it.)")
    git("clone", "--quiet", "--no-hardlinks", str(REPOSITORY), str(story.folder), folder=story.folder.parent)
    if git("rev-parse", "--is-shallow-repository") == "true":
        shutil.rmtree(story.folder / ".git")
        git("init", "--quiet")
        git("add", "--all")
        git("commit", "--quiet", "-m", "As shipped")
    else:
        git("checkout", "--quiet", "-B", "main")
        git("remote", "remove", "origin")
    story.start = git("rev-parse", "HEAD")
    sandbox = story.folder / "environments/sandbox.yaml"
    original = sandbox.read_text()
    machine = {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    python = ".".join(platform.python_version_tuple()[:2])
    adapted = original.replace("architecture: x86_64", f"architecture: {machine}").replace('"3.11"', f'"{python}"')
    if adapted != original:
        sandbox.write_text(adapted)
        git("commit", "--quiet", "--all", "-m", "Train with this machine's Python and architecture")


def main() -> None:
    """Run the demo in a temporary folder and report its time."""
    started = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="reconciler-demo-"))
    try:
        story = Story(scratch)
        (scratch / "temporary").mkdir()
        clone(story)
        tell(story)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    seconds = time.monotonic() - started
    print(f"\nThat was the whole demo, in {seconds:.0f} seconds. The clone is deleted; your folder is unchanged.")


if __name__ == "__main__":
    main()
