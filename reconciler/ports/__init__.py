"""Every Protocol of this package, with the values that cross it.

A port is an interface behind which effects happen. The engine has effects only through these; `testing` implements
each in memory with fault injection, `adapters` for production, and one contract suite per port runs on both. A function
that needs one port takes one port.
"""

from __future__ import annotations

from reconciler.core.artifact.observed_state import CommitOrder, DriftType, FirstParentChange, LiveDeployment
from reconciler.ports.compute import DataEngine, Expressions, Scorer, TableHeaders, TableLookup, Trainer
from reconciler.ports.execution import Clock, Concurrency, NewId, ParallelMap, Progress
from reconciler.ports.forge import Forge
from reconciler.ports.git import Proposal, Proposer, Remote, Source, Tag, Tags, TreeFile
from reconciler.ports.messages import (
    CompareRequest,
    CopyRequest,
    ExpectedAmount,
    FoldScores,
    FoldsRequest,
    FoldsResult,
    HeaderRequest,
    Masking,
    ParsedExpression,
    PredictRequest,
    PredictResult,
    SelectionKind,
    SelectRequest,
    SelectResult,
    TableFile,
    TableHeader,
    TrainRequest,
    TrainResult,
)
from reconciler.ports.sources import (
    ArrowStream,
    Secret,
    SourceAccess,
    SourceFile,
    TableBatches,
    TableFiles,
    TableSource,
)
from reconciler.ports.storage import (
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

__all__ = [  # CommitOrder, DriftType, FirstParentChange and LiveDeployment are core values that cross these ports
    "ArrowStream",
    "Clock",
    "CommitOrder",
    "CompareRequest",
    "Concurrency",
    "CopyRequest",
    "DataEngine",
    "DriftType",
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
    "NameListing",
    "NewId",
    "OpenFolder",
    "ParallelMap",
    "ParsedExpression",
    "PredictRequest",
    "PredictResult",
    "Progress",
    "Proposal",
    "Proposer",
    "ReachabilityCheck",
    "ReadObserver",
    "Remote",
    "RightsCheck",
    "Scorer",
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
]
