"""Which cells of a table must not be shown, so that nobody is seen through a number.

A cell that rests on fewer vendors than a threshold is suppressed (*primary*). Where cells add
up to totals that the report shows, here or elsewhere, further cells go with them
(*complementary*), until no suppressed cell can be worked out from what is left:

- along each line that adds up, what is suppressed besides the small cells holds more vendors than
  it must, so that every small cell could still be another number, also for a reader who knows
  which ones are small; a line in which no such cells are to be had is suppressed as a whole;
- a total goes only where no other cells will do: what is told of all is what reports are read for;
- in a table that adds up both ways, no suppressed cell stands alone in a chain of differences
  of rows and columns (in the graph of rows and columns with the suppressed cells as edges,
  none is a bridge).

Cells without a vendor are zeros, and are shown: nobody stands behind them.
"""

from __future__ import annotations

from collections.abc import Sequence

Grid = list[list[bool]]


def small(vendors: Sequence[int], threshold: int) -> list[bool]:
    """Return for each cell whether it rests on some vendors, but fewer than the threshold."""
    return [0 < count < threshold for count in vendors]


def suppress(vendors: Sequence[int], threshold: int, telling: Sequence[bool] = ()) -> list[bool]:
    """Return which cells of a line to suppress, if what they hold adds up to a known total.

    `vendors` counts the vendors behind each cell; a vendor may stand behind several. A total
    that is shown in the same line, and nowhere else, may be one of the cells. `telling` says
    which cells give a small number away beside what is shown elsewhere: they go as small ones do.
    """
    hidden = small(vendors, threshold)
    for n, mark in enumerate(telling):
        hidden[n] |= mark
    _complete(vendors, hidden, threshold)
    return hidden


def suppress_grid(
    vendors: Sequence[Sequence[int]],
    threshold: int,
    forced: Sequence[bool] = (),
    telling: Sequence[Sequence[bool]] = (),
) -> Grid:
    """Return which cells of a table to suppress, if rows and columns add up.

    `vendors` holds one row after the other, all of the same length; totals are cells too: the
    last of each row and column. The total of all is told in many places, and suppressed only if
    it is small or telling itself. `forced` says which totals of columns are suppressed elsewhere;
    `telling` which cells give a small number away beside what is shown elsewhere.
    """
    hidden = [small(row, threshold) for row in vendors]
    for marks, line in zip(hidden, telling, strict=False):
        for n, mark in enumerate(line):
            marks[n] |= mark
    if not hidden or not hidden[0]:
        return hidden
    for n, mark in enumerate(forced):
        hidden[-1][n] |= mark and vendors[-1][n] > 0
    total = (len(hidden) - 1, len(hidden[0]) - 1)
    while True:
        before = sum(map(sum, hidden))
        for r, (row, marks) in enumerate(zip(vendors, hidden, strict=True)):
            _complete(row, marks, threshold, total[1], never=r == total[0])
        for n in range(len(vendors[0])):
            marks = [line[n] for line in hidden]
            column = [row[n] for row in vendors]
            _complete(column, marks, threshold, total[0], never=n == total[1])
            for line, mark in zip(hidden, marks, strict=True):
                line[n] = mark
        for r, n in _bridges(hidden):
            _tie(vendors, hidden, (r, n), total)
        if sum(map(sum, hidden)) == before:
            return hidden


def _complete(
    vendors: Sequence[int],
    hidden: list[bool],
    threshold: int,
    total: int | None = None,
    *,
    never: bool = False,
) -> None:
    """Suppress further cells of a line, the smallest that will do; its total last, or `never`."""
    if not any(hidden):
        return
    marked = [count for count, mark in zip(vendors, hidden, strict=True) if mark]
    large = [count for count in marked if count >= threshold]
    # Large cells that went for another line's sake hide each other already.
    room, partners = (1, 1) if len(large) < len(marked) else (0, 2)
    free = sorted(
        (n == total, count, n)
        for n, count in enumerate(vendors)
        if not hidden[n] and count >= threshold and not (never and n == total)
    )
    while free and (len(large) < partners or sum(large) - threshold * len(large) < room):
        lacking = room - (sum(large) - threshold * len(large))
        enough = [cell for cell in free if cell[1] - threshold >= lacking]
        chosen = enough[0] if enough else [cell for cell in free if cell[0] == free[0][0]][-1]
        free.remove(chosen)
        hidden[chosen[2]] = True
        large.append(chosen[1])


def _bridges(hidden: Grid) -> list[tuple[int, int]]:
    """Return suppressed cells that sums of rows and columns give away: edges on no cycle."""
    edges = [(r, c) for r, row in enumerate(hidden) for c, mark in enumerate(row) if mark]
    return [edge for edge in edges if not _joined(edge, [e for e in edges if e != edge])]


def _joined(edge: tuple[int, int], edges: Sequence[tuple[int, int]]) -> bool:
    """Whether a row and a column are joined by suppressed cells other than their own."""
    rows, columns = {edge[0]}, set[int]()
    reached = 0
    while reached != len(rows) + len(columns):
        reached = len(rows) + len(columns)
        for row, column in edges:
            if row in rows or column in columns:
                rows.add(row)
                columns.add(column)
    return edge[1] in columns


def _tie(
    vendors: Sequence[Sequence[int]],
    hidden: Grid,
    cell: tuple[int, int],
    total: tuple[int, int],
) -> None:
    """Put a suppressed cell on a cycle: suppress the other corners of a rectangle."""
    row, column = cell
    found = []
    for r in range(len(vendors)):
        for c in range(len(vendors[0])):
            corners = ((row, c), (r, column), (r, c))
            if r == row or c == column or (total in corners and not hidden[total[0]][total[1]]):
                continue
            if all(vendors[i][j] for i, j in corners):
                cost = sum(vendors[i][j] for i, j in corners if not hidden[i][j])
                found.append((cost, corners))
    if found:
        for i, j in min(found)[1]:
            hidden[i][j] = True
