"""A scheduled process of the simulation: a thread that runs one step at a time and stops before every write."""

from __future__ import annotations

import threading
from collections.abc import Callable

from reconciler.errors import ReconcilerError
from reconciler.testing.fault_injection import Crash, Fault


def _closed() -> threading.Lock:
    """Return a gate that one thread opens (release) and another passes once (acquire); cheaper than a semaphore."""
    gate = threading.Lock()
    gate.acquire()
    return gate


class ScheduledProcess:
    """One process: a thread that runs only when the scheduler lets it take a step."""

    def __init__(self, number: int, work: Callable[[ScheduledProcess], None]) -> None:
        self.number = number
        self.resume = _closed()
        self.paused = _closed()
        self.fault = Fault.NONE
        self.effect = "start"
        self.ended = False
        self.problem: str | None = None
        self._work = work
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def step(self, fault: Fault) -> None:
        """Run up to the next write; `fault` happens at the write where it stands."""
        self.fault = fault
        self.resume.release()
        self.paused.acquire()

    def at(self, effect: str) -> Fault:
        """Return control to the scheduler and wait; called by the process's ports before every write."""
        self.effect = effect
        self.paused.release()
        self.resume.acquire()
        return self.fault

    def _run(self) -> None:
        self.resume.acquire()
        try:
            self._work(self)
        except Crash:
            pass
        except ReconcilerError:
            pass
        except Exception as error:  # noqa: BLE001  (I9: nothing untyped may come out)
            self.problem = f"I9 {type(error).__name__}: {error}"
        finally:
            self.ended = True
            self.paused.release()
