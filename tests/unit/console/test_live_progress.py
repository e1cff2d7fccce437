"""What a terminal shows while several models are worked on, frame by frame."""

from __future__ import annotations

import io
import sys

import pytest

from reconciler.console.live_progress import LiveProgress
from reconciler.console.progress import TerminalProgress
from reconciler.report.layout.text_layout import TextStyle, cells

LOOK = TextStyle(width=60)


def frame(board: LiveProgress, now: float, look: TextStyle = LOOK, most: int = 24) -> list[str]:
    return board.frame(now, look, most=most)


def test_a_line_for_each_that_runs_and_then_how_many_are_done_and_how_long_the_rest_will_take() -> None:
    board = LiveProgress()
    assert frame(board, 0) == []
    board.start("refresh", "copy the tables", 0)
    assert frame(board, 2.4) == ["refresh  copy the tables  2s"], "nobody is counted yet"
    board.leave("refresh", 3)
    assert frame(board, 3) == []
    board.expect(5)
    board.start("lateness", "train, verify", 10)
    board.start("churn", "train, verify", 10)
    assert frame(board, 10) == [
        "lateness  train, verify  0s",
        "churn     train, verify  0s",
        "0 of 5 done",
    ], "nothing to estimate from"
    board.start("lateness", "train", 12)
    assert frame(board, 15)[0] == "lateness  train  3s"
    board.leave("lateness", 20)  # took ten seconds from its begin
    board.start("amounts", "train", 20)
    assert frame(board, 20) == [
        "churn    train, verify  10s",
        "amounts  train  0s",
        "1 of 5 done, about 15s left",
    ], "0 of churn, 10 of amounts and 2 x 10 waiting, by two"
    assert frame(board, 29)[-1] == "1 of 5 done, about 15s left", "0, 1 and 20, by two"
    board.leave("churn", 30)
    board.leave("amounts", 30)
    assert frame(board, 30) == []
    board.start("x", "train", 30)
    board.start("y", "train", 30)
    assert frame(board, 30)[-1] == "3 of 5 done, about 15s left", "13.3 seconds each, both at once"
    board.leave("x", 43)
    assert frame(board, 44)[-1] == "4 of 5 done, about 5s left", "one that takes longer is never overdue"
    assert frame(board, 500)[-1] == "4 of 5 done, about 5s left"


def test_an_estimate_is_in_words_and_no_more_exact_than_it_is() -> None:
    board = LiveProgress()
    board.expect(1_000)
    board.start("a", "train", 0)
    board.leave("a", 31)
    board.start("b", "train", 31)
    assert frame(board, 31)[-1] == "1 of 1,000 done, about 8h left"


def test_one_alone_is_not_counted() -> None:
    board = LiveProgress()
    board.expect(1)
    board.start("lateness", "train", 0)
    assert frame(board, 75) == ["lateness  train  1m"]


def test_no_line_is_wider_than_the_terminal_nor_are_there_more_than_it_has() -> None:
    board = LiveProgress()
    board.expect(40)
    for number in range(30):
        board.start(
            f"model-with-quite-a-long-name-that-goes-on-and-on-{number}", "verify for production-of-the-south", 0
        )
    shown = frame(board, 7, most=10)
    assert len(shown) == 10
    assert shown[-2:] == ["and 22 more", "0 of 40 done"]
    assert max(map(cells, shown)) <= 60
    assert all("7s" in line for line in shown[:8]), "the time stays visible"


def test_a_name_cannot_move_the_cursor() -> None:
    board = LiveProgress()
    board.start("evil\x1b[2J\nname", "train\r", 0)
    assert "\x1b" not in frame(board, 0)[0]
    assert "\n" not in frame(board, 0)[0]


class Stream(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def test_frames_replace_each_other_and_results_stay_above(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", Stream(written, encoding="utf-8"))
    now = 0.0
    drawn = TerminalProgress(clock=lambda: now, often=0)
    drawn.expect(2)
    drawn.start("a", "train")
    assert _taken(written) == "a  train  0s\n0 of 2 done\n"
    now = 3
    drawn.start("b", "train")
    assert _taken(written) == "\x1b[2F\x1b[Ja  train  3s\nb  train  0s\n0 of 2 done\n"
    drawn.done("a", "trained 0123")
    assert _taken(written) == "\x1b[3F\x1b[Ja: trained 0123\na  train  3s\nb  train  0s\n0 of 2 done\n"
    drawn.leave("a")
    assert _taken(written) == "\x1b[3F\x1b[Jb  train  0s\n1 of 2 done, about 5s left\n"
    drawn.leave("b")
    assert _taken(written) == "\x1b[2F\x1b[J", "nothing is left behind"
    drawn.close()
    assert _taken(written) == ""


def _taken(written: io.BytesIO) -> str:
    found = written.getvalue().decode()
    written.seek(0)
    written.truncate()
    return found
