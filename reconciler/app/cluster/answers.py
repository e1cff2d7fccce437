"""Read what a worker of a cluster answered, and write lines to the command, by the process that unpickles."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

from reconciler.app.cluster import worker_task
from reconciler.core.size_limits import ANSWER_BYTES
from reconciler.errors import ReconcilerError, TrainingError
from reconciler.workers.request_loop import error_fields, write_line

AGAIN = "start it again, then run the same command again: what was finished is found, and what was not is repeated"


@dataclass(slots=True)
class Answers:
    """The lines to the command, from several threads."""

    descriptor: int
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, number: int, **members: object) -> None:
        line = json.dumps({"id": number, **members}).encode("ascii")
        with self.lock:
            write_line(self.descriptor, line)

    def fail(self, number: int, error: ReconcilerError) -> None:
        self.send(number, error=error_fields(error))


def all_refuse(refused: dict[str, ReconcilerError]) -> ReconcilerError:
    """Return one error for the refusals of all workers."""
    refusals = list(dict.fromkeys(error.message for error in refused.values()))
    hints = list(dict.fromkeys(error.hint for error in refused.values() if error.hint))
    return TrainingError("; ".join(refusals[:5]), hint="; ".join(hints[:5]), code=worker_task.REFUSED)


def read_answer(result: object) -> tuple[str, str, dict[str, Any]] | None:
    """Return the address and the name of the worker, and the answer line's object; None where it is none."""
    if type(result) is not str or len(result) > ANSWER_BYTES:
        return None
    try:
        read = json.loads(result)
        address, name, answer = read["address"], read["worker"], read["answer"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(address, str) or not isinstance(name, str) or not isinstance(answer, dict):
        return None
    return address[:200], name[:200], answer


def of_exception(error: BaseException | None) -> tuple[str, str]:
    """Return in words what an exception of a worker means; of its text nothing is told."""
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "reconciler":
        return "does not have this version of model-reconciler", "on that worker: pip install model-reconciler"
    if isinstance(error, RuntimeError):
        remedy = "install model-reconciler[dask] where the scheduler runs, too; its log says more"
        return f"did not get the task ({type(error).__name__})", remedy
    return f"failed with {type(error).__name__[:60]}", "its log says more; then run the same command again"


def failed(reason: str) -> ReconcilerError:
    """Return the error for an answer that is none."""
    return TrainingError(f"a worker of the cluster failed: {reason}", hint="run the same command again", code="E644")


def unreachable(address: str, why: str) -> ReconcilerError:
    """Return the error for a scheduler that there is no connection to."""
    return TrainingError(
        f"the scheduler at {address} cannot be reached ({why})",
        hint="start it, or correct the address and the certificates: `reconciler doctor` tries them",
        code="E642",
    )


def lost(address: str) -> ReconcilerError:
    """Return the error for a scheduler that was there."""
    return TrainingError(f"the scheduler at {address} was lost", hint=AGAIN, code="E642")
