"""Compares what a page was rendered from with what the parsers read on it."""

from __future__ import annotations

from typing import Any

from parsers import parse_page
from simulator.market_site import ShownPage


def read(page: ShownPage, *, named: bool = False) -> dict[str, Any]:
    expected = page.expected
    return parse_page(
        page.html.encode(),
        market=expected.market if named else None,
        url=expected.url,
        captured_at=expected.captured_at,
    ).to_dict()


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """The links of a page are a set."""
    return record | {"links": sorted(map(str, record["links"]))}


def differences(page: ShownPage, *, named: bool = False) -> list[str]:
    found, expected = plain(read(page, named=named)), plain(page.expected.to_dict())
    told = []
    for key in expected:
        if found[key] == expected[key]:
            continue
        if not isinstance(expected[key], list):
            told.append(f"{key}: {found[key]!r}, not {expected[key]!r}")
            continue
        if key == "links":
            more = set(found[key]) - set(expected[key])
            less = set(expected[key]) - set(found[key])
            told += [f"link too many: {link}" for link in more]
            told += [f"link missing: {link}" for link in less]
            told += ["links twice"] * (not more and not less)
            continue
        if len(found[key]) != len(expected[key]):
            told.append(f"{key}: {len(found[key])}, not {len(expected[key])}: {found[key]!r:.500}")
            continue
        for one, other in zip(found[key], expected[key], strict=True):
            if isinstance(one, dict):
                told += [
                    f"{key}.{name}: {one[name]!r}, not {other[name]!r}"
                    for name in other
                    if one[name] != other[name]
                ]
            elif one != other:
                told.append(f"{key}: {one!r}, not {other!r}")
    return told
