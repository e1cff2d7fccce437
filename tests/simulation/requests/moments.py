"""What is in force by the entries of a controls log, as the oracle keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.core.digest import Digest
from tests.simulation.requests.plain_rules import Own, Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A model by an entry: its pin, the entry it came in with, what its manifests demand, its former names."""

    pin: tuple[Digest, int] | None
    since: int
    own: tuple[Own, ...]
    names: tuple[str, ...] = ()
    settled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is in force by one entry: the rules that were let in last, then those that tighten them. `begins`: a person
    accepted them in a place where no others were. `number`: of all entries, in all stores."""

    number: int
    at: int
    rules: tuple[Rules, ...]
    models: dict[str, Kept]
    settled: int
    begins: bool = False


@dataclass(slots=True)
class Line:
    """The entries of a store's log, and what was deployed by it: model, artifact, and how many entries of all there
    were then."""

    moments: list[Moment] = field(default_factory=list)
    deployed: list[tuple[str, Digest, int]] = field(default_factory=list)

    def copy(self) -> Line:
        """Return a line that goes on by itself."""
        return Line(list(self.moments), list(self.deployed))
