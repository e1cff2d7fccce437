"""The ports one command uses: stores, targets, git, workers, clock. Frozen; has no behaviour.

A function that needs one port takes that port.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from reconciler.core.promotion.model_card import ModelCard
from reconciler.core.spec.environment import Runtime
from reconciler.errors import UsageError
from reconciler.ports import (
    Clock,
    Compute,
    Concurrency,
    DataEngine,
    ErasureEngine,
    Expressions,
    Forge,
    GatePlugin,
    NewId,
    Notifier,
    OutcomeEngine,
    ParallelMap,
    Progress,
    Scorer,
    Signer,
    Source,
    Store,
    TableHeaders,
    Tags,
    Target,
    Trainer,
    Verifier,
)

RenderCard = Callable[[ModelCard], str]
A = TypeVar("A")
R = TypeVar("R")


def sequential_map(ask: Callable[[A], R], subjects: Sequence[A]) -> list[R]:
    """Ask about each subject, one after the other."""
    return [ask(subject) for subject in subjects]


def _nowhere() -> None:
    """Return no store."""


def _no_secret(reference: str) -> None:
    """Know no secret."""
    del reference


def _no_signer() -> None:
    """Sign nothing."""


def _no_plug_in(name: str) -> GatePlugin:
    """Know no plug-in gate."""
    raise UsageError(
        f"no installed package provides the plug-in gate {name!r}",
        hint=f"install the package that has the entry point {name} of reconciler.gates where models are verified",
        code="E610",
    )


class Sequential:
    """Work on one model after the other, in this thread. Implements ports.Concurrency."""

    count = 1

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        """Run all works in their order; the first error ends the run."""
        for work in works:
            work()


SEQUENTIAL = Sequential()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """The ports that one command uses.

    `stores` and `targets` are by environment. `trainer` is None where nothing trains (production), so that such a host
    need not be able to train. `forge` answers questions about approvals; None where there is none. `actor` returns the
    acting person, as git names them. `scratch` is a private empty folder; table paths start at `data_root`.
    `concurrency`: how many models are worked on at once; with more than one, every port is used from several threads.
    `parallel_map` asks one question about many models: in parallel where a store is remote, since reading is then
    mostly waiting. `render_card` writes the card that git keeps of a model; without it, no card is checked. `witness`
    returns a store of this clone, beside all environments, that remembers which journals were seen; None: it has none.
    `headers` and `expressions` check the columns of models to train, `machine` returns this machine's runtime; without
    them, a plan does not tell what a training would be refused for. `history` is git, also where `source` is the work
    tree. `secret` reads what a reference (env:NAME, file:PATH) names; None where there is nothing.
    `erasure` finds the rows of entities; None where nothing is forgotten. `outcomes` joins predictions with what became
    known of them; None where nothing is monitored. `notifier` sends messages to people.
    `gate_plug_in` returns the plug-in gate of a name. `signer` returns the key that signs what is written; None:
    nothing is signed. `verifier` checks signatures; without one, what trusts keys is refused.
    `compute` trains, tries and evaluates from the sandbox's store
    elsewhere; None: `data`, `trainer` and `scorer` do it here. `mirrors`: second copies of journals and controls, by
    environment.
    """

    source: Source
    stores: Mapping[str, Store]
    targets: Mapping[str, Target]
    data: DataEngine
    trainer: Trainer | None
    scorer: Scorer
    clock: Clock
    new_id: NewId
    progress: Progress
    actor: Callable[[], str]
    scratch: Path
    data_root: Path
    concurrency: Concurrency = SEQUENTIAL
    parallel_map: ParallelMap = sequential_map
    render_card: RenderCard | None = None
    forge: Forge | None = None
    tags: Tags | None = None
    witness: Callable[[], Store | None] = _nowhere
    headers: TableHeaders | None = None
    expressions: Expressions | None = None
    machine: Callable[[], Runtime] | None = None
    history: Source | None = None
    secret: Callable[[str], str | None] = _no_secret
    erasure: ErasureEngine | None = None
    outcomes: OutcomeEngine | None = None
    notifier: Notifier | None = None
    gate_plug_in: Callable[[str], GatePlugin] = _no_plug_in
    signer: Callable[[], Signer | None] = _no_signer
    verifier: Verifier | None = None
    compute: Compute | None = None
    mirrors: Mapping[str, Store] = field(default_factory=dict)
