"""Who is in a world: how much each vendor has, what they are called, where the market stands."""

from __future__ import annotations

from datetime import datetime, timedelta

from simulator.chance import Chance
from simulator.words import FIRST, SECOND


def shares(chance: Chance, parts: int, total: int, power: int, what: str) -> list[int]:
    """Part a number among the vendors, unevenly; return where each one's share begins."""
    weights = [0.05 + chance.share(what, n) ** power for n in range(parts)]
    every = sum(weights)
    starts, so_far = [0], 0.0
    for weight in weights:
        so_far += weight
        starts.append(round(total * so_far / every) if every else 0)
    return starts


def named(here: Chance, everywhere: Chance, count: int) -> list[tuple[str, str, bool]]:
    """Return each vendor's handle, the name in the key, and whether it is known elsewhere.

    One in five is the same person everywhere, with the same key, and mostly the same handle.
    """
    named: list[tuple[str, str, bool]] = []
    used: set[str] = set()
    for n in range(count):
        shared = everywhere.happens(0.2, "shared", n)
        chance = everywhere if shared else here
        join = chance.pick(("", "", "", "_", "-", "."), "join", n)
        handle = chance.pick(FIRST, "first", n) + join + chance.pick(SECOND, "second", n)
        name = handle
        if shared and here.happens(0.3, "variant", n):
            handle = here.pick((handle.lower(), f"{handle}2", f"The{handle}"), "as", n)
        while handle.casefold() in used:
            handle += str(here.below(10, "digit", n, handle))
        used.add(handle.casefold())
        named.append((handle, name, shared))
    return named


def invented_mirrors(chance: Chance, reference: datetime) -> dict[str, datetime | None]:
    """Return three addresses: one dies a week after the reference, one died a week before."""
    letters, week = "abcdefghijklmnopqrstuvwxyz234567", timedelta(days=7)
    names = ["".join(chance.pick(letters, "mirror", n, at) for at in range(16)) for n in range(3)]
    times = (None, reference + week, reference - week)
    return {f"{name}.onion": time for name, time in zip(names, times, strict=True)}
