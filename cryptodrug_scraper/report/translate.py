"""What measures say about themselves, in the report's other languages.

Measures speak English. ``texts/measures.fr.toml`` and ``texts/measures.nl.toml`` hold pairs of
an English text and its translation. What varies from one database to the next stands in both as
``{name}``: a number, which is then written as the language does, or a name. A text without a
translation stays in English, and says so in its `lang` attribute.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from cryptodrug_scraper.report.language import language
from cryptodrug_scraper.report.parts import Text


def translate(words: str, code: str) -> Text:
    """Return a measure's text in a language, or in English if it has no translation."""
    if code == "en" or not words:
        return Text(words)
    exact, patterns = _pairs(code)
    if words in exact:
        return Text(exact[words])
    for pattern, translated in patterns:
        if match := pattern.fullmatch(words):
            values = {name: _written(value, code) for name, value in match.groupdict().items()}
            return Text(translated.format_map(values))
    return Text(words, "en")


@cache
def _pairs(code: str) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    file = files("cryptodrug_scraper.report") / "texts" / f"measures.{code}.toml"
    exact: dict[str, str] = {}
    patterns = []
    for pair in tomllib.loads(file.read_text("utf-8")).get("text", []):
        if "{" in pair["en"]:
            parts = re.split(r"\{(\w+)\}", pair["en"])
            fixed, names = parts[::2], parts[1::2]
            pattern = re.escape(fixed[0])
            seen: set[str] = set()
            for name, rest in zip(names, fixed[1:], strict=True):
                pattern += f"(?P={name})" if name in seen else f"(?P<{name}>.+?)"
                pattern += re.escape(rest)
                seen.add(name)
            patterns.append((re.compile(pattern, re.DOTALL), pair[code]))
        else:
            exact[pair["en"]] = pair[code]
    return exact, patterns


def _written(value: str, code: str) -> str:
    """Write a number in English (1,234.5 or 12%) as the language does; leave others alone."""
    match = re.fullmatch(r"(-?(?:\d{1,3}(?:,\d{3})+|\d+))(?:\.(\d+))?(\s?%)?", value)
    if not match:
        return value
    whole, part, percent = match[1].replace(",", ""), match[2] or "", match[3]
    spoken = language(code)
    number = f"{whole}.{part}" if part else whole
    if percent:
        from decimal import Decimal

        return spoken.percent(Decimal(number) / 100, len(part))
    return spoken.number(number, len(part))
