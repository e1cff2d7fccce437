"""Every Protocol of this package, with the values that cross it.

A port is an interface behind which effects happen. The engine has effects only through these; `testing` implements
each in memory with fault injection, `adapters` for production, and one contract suite per port runs on both. A function
that needs one port takes one port.
"""

from __future__ import annotations

from reconciler.core.artifact.observed_state import CommitOrder, DriftType, FirstParentChange, LiveDeployment
from reconciler.ports.compute import DataEngine, Expressions, Scorer, TableHeaders, TableLookup, Trainer
from reconciler.ports.copied_rows import ErasedEntities, ErasedRows, SampledRows
from reconciler.ports.erasure import (
    EntityDigests,
    EntityRequest,
    ErasedFile,
    EraseRequest,
    ErasureEngine,
    PredictionFile,
    SearchRequest,
)
from reconciler.ports.evaluation import EvaluateRequest
from reconciler.ports.execution import Clock, Concurrency, NewId, ParallelMap, Progress
from reconciler.ports.forge import Forge
from reconciler.ports.git import Proposal, Proposer, Remote, Source, Tag, Tags, TreeFile
from reconciler.ports.messages import (
    CompareRequest,
    ContractChecks,
    CopyRequest,
    FoldScores,
    FoldsRequest,
    FoldsResult,
    HeaderRequest,
    Masking,
    ParsedExpression,
    SelectionKind,
    SelectRequest,
    SelectResult,
    TableFile,
    TableHeader,
    TrainRequest,
    TrainResult,
)
from reconciler.ports.notices import Notifier
from reconciler.ports.outcomes import OutcomeEngine, OutcomesRequest, PredictedRows
from reconciler.ports.predicting import (
    ExpectedAmount,
    MeasuredDrift,
    MeasureDriftRequest,
    PredictRequest,
    PredictResult,
    WriteBackRequest,
)
from reconciler.ports.sources import (
    ArrowStream,
    Secret,
    SourceAccess,
    SourceFile,
    TableBatches,
    TableDestination,
    TableFiles,
    TableSource,
)
from reconciler.ports.storage import (
    BlobRemoval,
    KeyCheck,
    NameListing,
    OpenFolder,
    ReachabilityCheck,
    ReadObserver,
    RightsCheck,
    StorageAccess,
    Store,
    Target,
    TracedTarget,
)

__all__ = [
    "ArrowStream",
    "BlobRemoval",
    "Clock",
    "CommitOrder",
    "CompareRequest",
    "Concurrency",
    "ContractChecks",
    "CopyRequest",
    "DataEngine",
    "DriftType",
    "EntityDigests",
    "EntityRequest",
    "EraseRequest",
    "ErasedEntities",
    "ErasedFile",
    "ErasedRows",
    "ErasureEngine",
    "EvaluateRequest",
    "ExpectedAmount",
    "Expressions",
    "FirstParentChange",
    "FoldScores",
    "FoldsRequest",
    "FoldsResult",
    "Forge",
    "HeaderRequest",
    "KeyCheck",
    "LiveDeployment",
    "Masking",
    "MeasureDriftRequest",
    "MeasuredDrift",
    "NameListing",
    "NewId",
    "Notifier",
    "OpenFolder",
    "OutcomeEngine",
    "OutcomesRequest",
    "ParallelMap",
    "ParsedExpression",
    "PredictRequest",
    "PredictResult",
    "PredictedRows",
    "PredictionFile",
    "Progress",
    "Proposal",
    "Proposer",
    "ReachabilityCheck",
    "ReadObserver",
    "Remote",
    "RightsCheck",
    "SampledRows",
    "Scorer",
    "SearchRequest",
    "Secret",
    "SelectRequest",
    "SelectResult",
    "SelectionKind",
    "Source",
    "SourceAccess",
    "SourceFile",
    "StorageAccess",
    "Store",
    "TableBatches",
    "TableDestination",
    "TableFile",
    "TableFiles",
    "TableHeader",
    "TableHeaders",
    "TableLookup",
    "TableSource",
    "Tag",
    "Tags",
    "Target",
    "TracedTarget",
    "TrainRequest",
    "TrainResult",
    "Trainer",
    "TreeFile",
    "WriteBackRequest",
]
