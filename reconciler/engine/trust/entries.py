"""Sign entries of journals and controls logs, and what they lost: their writer signs the canonical bytes, all but the
signature."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from reconciler import codec
from reconciler.core.artifact.journal import Entry
from reconciler.core.artifact.loss import LostHistory
from reconciler.core.controls.controls import ControlsEntry
from reconciler.core.spec.desired_state import DesiredState
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage.copies import mirrors
from reconciler.engine.storage.journal import EntryWriter
from reconciler.ports import Signer

ENTRY_TYPE = "application/vnd.model-reconciler.journal-entry+json"
CONTROLS_TYPE = "application/vnd.model-reconciler.controls-entry+json"
LOSS_TYPE = "application/vnd.model-reconciler.lost-history+json"


def signed_entry(entry: Entry, signer: Signer | None) -> Entry:
    """Return a journal entry with the signature of its writer, over all of it but the signature."""
    if signer is None:
        return entry
    return replace(entry, signatures=(signer.sign(ENTRY_TYPE, entry_payload(entry)),))


def entry_payload(entry: Entry) -> bytes:
    """Return the bytes of a journal entry that are signed: its canonical form without signatures."""
    return codec.encode(replace(entry, signatures=None))


def signed_controls(entry: ControlsEntry, signer: Signer | None) -> ControlsEntry:
    """Return an entry of the controls log with the signature of its writer."""
    if signer is None:
        return entry
    return replace(entry, signatures=(signer.sign(CONTROLS_TYPE, controls_payload(entry)),))


def controls_payload(entry: ControlsEntry) -> bytes:
    """Return the bytes of an entry of the controls log that are signed."""
    return codec.encode(replace(entry, signatures=()))


def signed_loss(loss: LostHistory, signer: Signer | None) -> LostHistory:
    """Return the record of what a log lost with the signature of its writer."""
    if signer is None:
        return loss
    return replace(loss, signatures=(signer.sign(LOSS_TYPE, loss_payload(loss)),))


def loss_payload(loss: LostHistory) -> bytes:
    """Return the bytes of the record of a loss that are signed."""
    return codec.encode(replace(loss, signatures=()))


def entry_writer(deps: Dependencies, desired: DesiredState) -> EntryWriter:
    """Return what all entries of one run share, and who signs them. Raises UsageError E523 for an unusable key."""
    signer = deps.signer()
    return EntryWriter(
        project=desired.project,
        commit=desired.revision,
        actor=deps.actor(),
        clock=deps.clock,
        new_id=deps.new_id,
        signer=signer,
        sign=partial(signed_entry, signer=signer),
        copy=mirrors.copier(deps, desired.project),
    )
