"""A project whose commands sign, with a folder of private keys beside it."""

from __future__ import annotations

from pathlib import Path

from tests.support.project import Project, Ran


class Keyed:
    """Runs the commands of a project with one of its keys, or with none."""

    def __init__(self, project: Project, keys: Path, environment: str = "production") -> None:
        self.project = project
        self.keys = keys
        self.environment = environment

    def run(self, *arguments: str, key: str | None = None, code: int = 0) -> Ran:
        self.project.environment.pop("RECONCILER_SIGNING_KEY", None)
        if key is not None:
            self.project.environment["RECONCILER_SIGNING_KEY"] = f"file:{self.keys / key}.pem"
        return self.project.run(*arguments, code=code)

    def propose(self, *arguments: str) -> None:
        """Run a command of `keys`, and merge what it proposes."""
        proposed = self.run("keys", *arguments, "--in", self.environment, "-o", "json").json
        self.project.merge(proposed["branch"])

    def new(self, role: str) -> None:
        """Make a key of a role, and have the environment trust it."""
        self.propose("new", role, "--private", str(self.keys / f"{role}.pem"))

    def trusts(self, role: str, public: Path, *said: str) -> None:
        """Have the environment trust a key of somebody else."""
        self.propose("new", role, "--public", str(public), *said)

    def require(self) -> None:
        """Ask for signatures."""
        path = self.project.root / f"environments/{self.environment}.yaml"
        path.write_text(path.read_text().replace("  trust:\n", "  trust:\n    required: true\n"))
        self.project.commit("Ask for signatures")
