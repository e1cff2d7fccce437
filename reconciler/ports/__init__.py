"""Every Protocol of this package, with the values that cross it.

A port is a seam where effects live. The engine sequences effects only through these; `testing` implements each in
memory with fault injection, `adapters` for real, and one contract suite per port runs on both. A function that needs
one port takes one port.
"""

from __future__ import annotations

from reconciler.core.artifact.observed_state import Merged, Order, Served, Trouble
from reconciler.ports.compute import Data, Expressions, Scorer, Trainer
from reconciler.ports.execution import Clock, Each, Lanes, NewId, Progress
from reconciler.ports.forge import Forge
from reconciler.ports.git import Proposal, Proposer, Remote, Source, Tag, Tags, TreeFile
from reconciler.ports.messages import (
    CompareRequest,
    CopyRequest,
    ExpectedAmount,
    Parsed,
    Predicted,
    PredictRequest,
    Selected,
    SelectRequest,
    TableFile,
    Trained,
    TrainRequest,
    Want,
)
from reconciler.ports.storage import Opening, Probing, Seen, Store, Target

__all__ = [  # Merged, Order, Served and Trouble are core values that cross these ports
    "Clock",
    "CompareRequest",
    "CopyRequest",
    "Data",
    "Each",
    "ExpectedAmount",
    "Expressions",
    "Forge",
    "Lanes",
    "Merged",
    "NewId",
    "Opening",
    "Order",
    "Parsed",
    "PredictRequest",
    "Predicted",
    "Probing",
    "Progress",
    "Proposal",
    "Proposer",
    "Remote",
    "Scorer",
    "Seen",
    "SelectRequest",
    "Selected",
    "Served",
    "Source",
    "Store",
    "TableFile",
    "Tag",
    "Tags",
    "Target",
    "TrainRequest",
    "Trained",
    "Trainer",
    "TreeFile",
    "Trouble",
    "Want",
]
