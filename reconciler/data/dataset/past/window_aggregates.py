"""Aggregate many stretches of one ordered array at once, each from its own values alone.

Takes: `values` in order, and for each stretch its `begin` and `end` (places in `values`, end excluded). Gives: one
number per stretch. Keeps true: a result is a function of the stretch's values in their order, to the last bit. So
nothing is computed by taking running totals from each other: of floating point these would carry what lies before.

How: every stretch is cut into blocks of 1, 2, 4, ... values by the binary digits of its length, the smallest first. The
blocks of one size that begin anywhere are made from two of half the size, for all places at once; so n values and m
stretches of at most k values take (n + m) log k steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Arrays = tuple[Any, ...]
"""Equally long numpy arrays that describe blocks, such as (means, sums of squares)."""


def sums(values: Any, begin: Any, end: Any) -> Any:
    """Return the sum of each stretch; 0 of an empty one."""
    import numpy as np

    total = np.zeros(len(begin), dtype=values.dtype)
    for _, these, (blocks,) in _blocks((values,), begin, end, lambda _, left, right: (left[0] + right[0],)):
        total[these] += blocks
    return total


def extremes(values: Any, begin: Any, end: Any, *, greatest: bool) -> Any:
    """Return the least or the greatest value of each stretch; any number of an empty one. NaN is above all."""
    import numpy as np

    pick = np.maximum if greatest else np.fmin
    found = np.zeros(len(begin), dtype=values.dtype)
    is_first = np.ones(len(begin), dtype=bool)
    for _, these, (blocks,) in _blocks((values,), begin, end, lambda _, left, right: (pick(left[0], right[0]),)):
        found[these] = np.where(is_first[these], blocks, pick(found[these], blocks))
        is_first[these] = False
    return found


def deviations(values: Any, begin: Any, end: Any) -> Any:
    """Return the standard deviation of each stretch as of a sample; NaN of fewer than two values.

    Means and sums of squared distances of two parts are put together as Chan, Golub and LeVeque do (1979), which loses
    nothing where the mean is large; equal values give exactly 0.
    """
    import numpy as np

    def joined(half: int, left: Arrays, right: Arrays) -> Arrays:
        apart = right[0] - left[0]
        return left[0] + apart / 2, left[1] + right[1] + apart * apart * (half / 2)

    count, mean, squares = (np.zeros(len(begin)) for _ in range(3))
    for size, these, (means, of_block) in _blocks((values, np.zeros(len(values))), begin, end, joined):
        before, apart = count[these], means - mean[these]
        after = before + size
        mean[these] += apart * (size / after)
        squares[these] += of_block + apart * (before * size / after) * apart
        count[these] = after
    return np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)


def medians(values: Any, begin: Any, end: Any) -> Any:
    """Return the median of each stretch, the mean of the middle two of an even number; NaN of an empty one."""
    import numpy as np

    distinct, codes = np.unique(values, return_inverse=True)
    length = end - begin
    some = np.flatnonzero(length > 0)
    result = np.full(len(begin), np.nan)
    if len(some):
        ranks = np.concatenate([(length[some] - 1) // 2, length[some] // 2])
        places = _nth(codes, np.tile(begin[some], 2), np.tile(end[some], 2), ranks)
        low, high = distinct[places[: len(some)]], distinct[places[len(some) :]]
        middle = (low + high) / 2
        result[some] = np.where(np.isfinite(middle), middle, low / 2 + high / 2)
    return result


def _nth(codes: Any, begin: Any, end: Any, rank: Any) -> Any:
    """Return of each stretch of whole numbers from 0 on the one that stands at `rank` (from 0) when it is sorted.

    Digit by digit from the highest: a stretch goes on among those of its values that have the same digit, which a
    stable partition of all values keeps together (a wavelet matrix, of which one level is held at a time).
    """
    import numpy as np

    begin, end, rank = begin.copy(), end.copy(), rank.copy()
    found = np.zeros(len(begin), dtype=np.int64)
    for digit in range(int(codes.max()).bit_length() - 1, -1, -1):
        ones = (codes >> digit) & 1 == 1
        zeros_before = np.concatenate([[0], np.cumsum(~ones)])
        low, high = zeros_before[begin], zeros_before[end]
        zeros = high - low
        up = rank >= zeros
        all_zeros = zeros_before[-1]
        begin, end = np.where(up, begin - low + all_zeros, low), np.where(up, end - high + all_zeros, high)
        rank -= np.where(up, zeros, 0)
        found |= up.astype(np.int64) << digit
        codes = np.concatenate([codes[~ones], codes[ones]])
    return found


def _blocks(
    level: Arrays, begin: Any, end: Any, join: Callable[[int, Arrays, Arrays], Arrays]
) -> Iterator[tuple[int, Any, Arrays]]:
    """Yield (size, which stretches, their blocks) for each size of blocks that any stretch has, the smallest first.

    `join(half, left, right)`: two neighbouring blocks of `half` values as one.
    """
    import numpy as np

    length, place, size = end - begin, begin.copy(), 1
    longest = int(length.max()) if len(length) else 0
    while size <= longest:
        these = np.flatnonzero(length & size)
        if len(these):
            yield size, these, tuple(array[place[these]] for array in level)
            place[these] += size
        if 2 * size <= longest:
            # Blocks across two owners are computed as well, and never asked for.
            with np.errstate(all="ignore"):
                level = join(size, tuple(array[:-size] for array in level), tuple(array[size:] for array in level))
        size *= 2
