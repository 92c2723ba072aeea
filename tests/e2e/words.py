"""Values in words, for lists of differences."""

from __future__ import annotations

from typing import Any

LONGEST = 70


def told(value: Any, beside: Any = None) -> str:
    """Return a field's value in words; of a long text the part that differs from ``beside``."""
    if value is None or value == []:
        return "not stated"
    if isinstance(value, dict) and set(value) == {"amount", "currency"}:
        return f"{value['amount']} {value['currency']}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} {told(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, list):
        return _cut("[" + ", ".join(told(item) for item in value) + "]", _plain(beside))
    if isinstance(value, str):
        return _cut(repr(value), repr(beside))
    return str(value)


def _plain(value: Any) -> str:
    return "[" + ", ".join(told(item) for item in value) + "]" if isinstance(value, list) else ""


def _cut(text: str, beside: str) -> str:
    if len(text) <= LONGEST:
        return text
    pairs = zip(text, beside, strict=False)
    differs = next((n for n, (one, other) in enumerate(pairs) if one != other), 0)
    start = max(0, min(differs - 15, len(text) - LONGEST))
    cut = text[start : start + LONGEST]
    return ("…" if start else "") + cut + ("…" if start + LONGEST < len(text) else "")
