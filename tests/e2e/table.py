"""The tables at the end of ``make e2e``: what was aimed at and measured, and what went wrong.

``report`` prints both and returns the exit code: 0 if every aim was reached, 1 if one was missed
or not measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True)
class Aim:
    """One aim. ``ok`` None: it was not measured, which counts as missed."""

    what: str
    aim: str
    measured: str
    ok: bool | None


@dataclass(frozen=True)
class Struck:
    """A fault of the simulated market: how often it struck, and what the crawler counted."""

    fault: str
    does: str
    times: int
    counters: Mapping[str, int] = field(default_factory=dict)


_VERDICTS = {True: ("yes", "green"), False: ("NO", "bold red"), None: ("not measured", "bold red")}


def missed(aims: Sequence[Aim]) -> list[Aim]:
    """Return the aims that were not reached. Raises ValueError if there are no aims at all."""
    if not aims:
        raise ValueError("There is no aim: nothing was shown.")
    return [aim for aim in aims if aim.ok is not True]


def aims_table(aims: Sequence[Aim]) -> Table:
    """Return the table of aims: what, aim, measured, ok."""
    table = Table(title="Aims", title_justify="left", show_lines=False)
    for name in ("what", "aim", "measured"):
        table.add_column(name, overflow="fold")
    table.add_column("ok", no_wrap=True)
    for aim in aims:
        word, style = _VERDICTS[aim.ok]
        table.add_row(Text(aim.what), Text(aim.aim), Text(aim.measured), Text(word, style=style))
    return table


def faults_table(faults: Sequence[Struck]) -> Table:
    """Return the table of faults: which, what it does, how often it struck, what was counted."""
    table = Table(title="Faults", title_justify="left", show_lines=False)
    table.add_column("fault", no_wrap=True)
    table.add_column("what it does", overflow="fold")
    table.add_column("struck", justify="right", no_wrap=True)
    table.add_column("what the crawler did", overflow="fold")
    for fault in faults:
        did = ", ".join(f"{name} {count:,}" for name, count in sorted(fault.counters.items()))
        table.add_row(Text(fault.fault), Text(fault.does), f"{fault.times:,}", Text(did or "–"))
    return table


def report(
    aims: Sequence[Aim], faults: Sequence[Struck] = (), *, console: Console | None = None
) -> int:
    """Print the tables and a verdict; return the exit code of the run.

    In a log, where nothing says how wide a line may be, lines are 120 characters wide.
    """
    lacking = missed(aims)
    console = console or Console(soft_wrap=False)
    if not console.is_terminal:
        console.width = max(console.width, 120)
    if faults:
        console.print(faults_table(faults))
        console.print()
    console.print(aims_table(aims))
    if lacking:
        names = "; ".join(aim.what for aim in lacking)
        console.print(Text(f"{len(lacking)} of {len(aims)} aims missed: {names}", style="bold red"))
        return 1
    console.print(f"All {len(aims)} aims reached.")
    return 0
