"""The requests and results of data, training and scoring. Values only; paths name scratch files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from reconciler.core.artifact.data_snapshot import MaskedColumn, PersonalColumn, TableColumn
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.oci_artifact import TableMasksDone
from reconciler.core.digest import Digest
from reconciler.core.experiment.past_space import TableFacts
from reconciler.core.experiment.search_space import Point, SearchSpace, ToldResult
from reconciler.core.experiment.trial import FoldFigures
from reconciler.core.quality.findings import Finding
from reconciler.core.spec.data import Contract, Mask, PersonalData, Table
from reconciler.core.spec.environment import Limits, Runtime
from reconciler.core.spec.recipe import Features, Recipe
from reconciler.ports.copied_rows import ErasedRows, SampledRows
from reconciler.ports.sources import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedExpression:
    """A parsed expression: the columns that it names, or in `refused` why it is not allowed. `position` is the offset
    of the problem in characters, where known. `aggregate`: the expression is one allowed aggregate."""

    columns: tuple[str, ...] = ()
    aggregate: bool = False
    refused: str | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFile:
    """One table as a Parquet file whose columns have exactly these types.

    `sampled_by`: the column that chose its rows where a sample was asked for, of `source_rows`; None where all were
    copied. `masked`: what was done to which column; `personal`: those that look personal and were copied as they are.
    """

    name: str
    path: Path
    rows: int
    columns: tuple[TableColumn, ...]
    sampled_by: str | None = None
    source_rows: int | None = None
    masked: tuple[MaskedColumn, ...] = ()
    personal: tuple[PersonalColumn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Masking:
    """What is done to columns before they are copied, and whether columns that look personal stop it.

    `key`: of pseudonyms, in hexadecimal digits, for the worker only; it is no part of any text. `personal`: the rule
    for columns that look personal; None: nobody looks. `not_personal`: TABLE.COLUMN that only look so. `kept`:
    TABLE.COLUMN, in lower case, of masks whose columns need not be there.
    """

    masks: tuple[Mask, ...] = ()
    kept: tuple[str, ...] = ()
    key: str | None = field(default=None, repr=False)
    personal: PersonalData | None = None
    not_personal: tuple[str, ...] = ()

    def of(self, table: str) -> tuple[Mask, ...]:
        """Return the masks of one table."""
        return tuple(mask for mask in self.masks if mask.table == table)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractChecks:
    """The contracts that the tables of a copy must keep to; one table may have several. `rows`: of each table's source
    at the last data snapshot; `moment`: when the copy is taken; `as_of`: the day that the tables show, where that is
    said."""

    contracts: tuple[Contract, ...]
    rows: tuple[tuple[str, int], ...]
    moment: datetime
    as_of: str | None = None

    def of(self, table: str) -> tuple[Contract, ...]:
        """Return the contracts of a table."""
        return tuple(contract for contract in self.contracts if contract.table == table)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRequest:
    """A request to read each table (files from `root`, never outside it) and write `<name>.parquet` below `into`.

    `held`: the column types of an earlier copy, which this one must keep. `secrets`: those that the tables refer to.
    `masking`: what is done to columns before anything is written. `columns`: (table, columns) of a table of which only
    those are copied that are there; `sample`: only the rows of some entities. `to_predict`: these are rows to predict,
    which may lack declared columns. `checks`: the contracts of the tables, where they have any: RefusedTablesError E421
    tells everything that breaks them, and what else is wrong with the tables. `erased`: entities whose rows are left
    out.
    """

    root: Path
    tables: tuple[tuple[str, Table], ...]
    held: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    into: Path
    limits: Limits
    secrets: tuple[Secret, ...] = ()
    masking: Masking | None = None
    to_predict: bool = False
    columns: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sample: SampledRows | None = None
    checks: ContractChecks | None = None
    erased: ErasedRows | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderRequest:
    """A request for the names of a table's columns: of its file, from `root` and never outside it, the first bytes are
    read, and of a database no row. `secrets`: as of a CopyRequest."""

    root: Path
    name: str
    table: Table
    secrets: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableHeader:
    """The columns of a table, in its order; None where its file is not here, or cannot be read by this user. `texts`:
    those that are text without a doubt, by the rows that stand in the first bytes of a CSV file. `unknown`: why the
    columns are not known, where that is not because no file is here."""

    columns: tuple[str, ...] | None
    texts: tuple[str, ...] = ()
    unknown: str | None = None


class SelectionKind(StrEnum):
    """Which files a selection writes."""

    # train.parquet, holdout.parquet, keys.parquet (the key column of train.parquet), and days.parquet where it is read
    FIT = "fit"
    PREDICT = "predict"  # predict.parquet
    FEATURES = "features"  # features.parquet: the rows whose keys are listed in `keys`
    FOLDS = "folds"  # train.parquet with at most `most` rows, and days.parquet; nothing of the holdout
    FACTS = "facts"  # no file: what the columns tell (`SelectResult.facts`)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectRequest:
    """A request for the rows and columns of a recipe, from tables as of the day `as_of` (ISO), written below `into`.

    Every file has `key` (VARCHAR) and the features in the recipe's order (numeric DOUBLE, categorical VARCHAR, boolean
    BOOLEAN; missing is NULL), sorted by key. FIT adds `outcome` (INTEGER label, or DOUBLE). PREDICT adds
    `possible_<i>` (BOOLEAN) for each class i that has one, the columns of `also` as VARCHAR or DOUBLE, named
    `also_<i>`, and those of `beside` in their own types, named `also_with_<i>`; where `keys` are given, it has only
    rows that they list (column `key`, in the type of the table's key). All three come from the same relation, so
    training and prediction see the same features. `trained`: of PREDICT, the column types of the tables that the model
    was trained on: columns that only the outcome needs may be missing. FEATURES has those of `also`, too. `after`: of
    FEATURES, a column of dates and a day (ISO): only later rows. `history`: of PREDICT, a column by whose values
    past outcomes are counted, in history.parquet.
    """

    recipe: Recipe
    tables: tuple[TableFile, ...]
    as_of: str
    want: SelectionKind
    into: Path
    limits: Limits
    keys: Path | None = None
    also: tuple[str, ...] = ()
    most: int | None = None
    trained: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    after: tuple[str, str] | None = None
    beside: tuple[str, ...] = ()
    history: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectResult:
    """The result of a selection, in rows. `holdout_from`: first day of a time holdout; `left_out`: by reason, sorted.
    `classes`: of FOLDS, rows of each. `checks`: of FIT and FOLDS, what the checks find; None: none were made.
    `holdout`: of FIT, hashes of the keys of the holdout, the smallest MOST_ROWS (`core.evaluation.looks`).
    `no_history`: why no past outcomes were counted. `facts`: of FACTS."""

    rows: int
    holdout_rows: int
    holdout_from: str | None
    left_out: tuple[tuple[str, int], ...]
    classes: tuple[int, ...] = ()
    checks: tuple[Finding, ...] | None = None
    no_history: str | None = None
    holdout: tuple[str, ...] = ()
    facts: TableFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """A request to train one model. `train`, `holdout`: files of a FIT selection, and `days`, where the recipe reads
    moments. `evaluation_rows`: the digest of `holdout`'s bytes. `tables`: (table, (column, type)…) of the snapshot;
    `masks`: what was done to columns that the recipe reads. The files are written below `into`."""

    recipe: Recipe
    selected: SelectResult
    train: Path
    holdout: Path
    evaluation_rows: Digest
    tables: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    runtime: Runtime
    into: Path
    limits: Limits
    masks: TableMasksDone | None = None
    days: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """A trained model: the artifact's files, written below the request's `into` under their package paths."""

    files: tuple[str, ...]
    evaluation: Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldsRequest:
    """A request to score recipes that differ in their estimators on folds of the same training rows. `train`, `days`:
    files of a FOLDS selection. `repeats`: how often random folds are cut."""

    recipes: tuple[Recipe, ...]
    selected: SelectResult
    train: Path
    days: Path
    repeats: int
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldScores:
    """The scores of one recipe, one per fold; none where it cannot be trained, and then `failed` says why."""

    scores: tuple[float, ...]
    failed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldsResult:
    """The scores of each recipe by the headline metric of the task, on the same folds; `guess`: of a blind guess."""

    metric: str
    recipes: tuple[FoldScores, ...]
    guess: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRequest:
    """A request to judge a recipe on folds of its training rows.

    `train`, `days`: files of a FOLDS selection of a recipe with all `features` of its arm. `folds`: into how many they
    are cut; `judged`: which of them judge.
    """

    recipe: Recipe
    features: Features
    train: Path
    days: Path
    folds: int
    judged: tuple[int, ...]
    runtime: Runtime
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What the folds found, in the order of `judged`; none where the recipe cannot be trained, and then `failed` says
    why. `size`: bytes of the model's arrays; `seconds`: of a processor."""

    folds: tuple[FoldFigures, ...]
    failed: str | None = None
    size: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeRequest:
    """A request for the `count` points of a batch of a search that learns. `told`: all results before it, in order. A
    count of 0 asks for the library only."""

    space: SearchSpace
    seed: int
    batch: int
    count: int
    told: tuple[ToldResult, ...]
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeResult:
    """The points of a batch, and the library that chose them, with its version."""

    points: tuple[Point, ...]
    library: str
