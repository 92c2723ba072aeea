"""A page's source as a list of tokens, to be changed and written again.

Tags are taken apart as a browser does it; what is not a tag is text. A page that is written
again without a change is the same but for the quotes of its attributes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta")
).union(("param", "source", "track", "wbr"))
_RAW = ("script", "style", "textarea", "title", "noscript", "xmp", "iframe")
_TOKEN = re.compile(
    r"(?P<comment><!--(?:>|->|.*?(?:--!?>|\Z)))|(?P<other><[!?][^>]*>|</[^a-zA-Z][^>]*>)"
    r"|</(?P<end>[a-zA-Z][^\s/>]*)[^>]*>"
    r"|<(?P<start>[a-zA-Z][^\s/>]*)(?P<attributes>(?:[^\s\"'>]*[\s/]*=\s*(?:\"[^\"]*\"|'[^']*')"
    r"|[^>])*?)(?P<slash>/?)>",
    re.S,
)
_ATTRIBUTE = re.compile(
    r"[\s/]*([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+)))?", re.S
)


@dataclass(frozen=True)
class Token:
    """One piece: ``kind`` is text, raw, start, end or other; values are without references.

    ``text`` is the source of a text, a raw text or what is none of these; ``within`` names
    the raw element that a raw text stands in.
    """

    kind: str
    text: str = ""
    name: str = ""
    attributes: tuple[tuple[str, str | None], ...] = ()
    slash: bool = False
    within: str = ""

    def get(self, name: str) -> str | None:
        """Return an attribute's value, or None."""
        return next((v for n, v in self.attributes if n.lower() == name), None)

    def changed(self, name: str, value: str) -> Token:
        """Return the tag with another value of an attribute that it has."""
        found = tuple((n, value if n.lower() == name else v) for n, v in self.attributes)
        return replace(self, attributes=found)


Change = Callable[[tuple[Token, ...]], str]


@lru_cache(maxsize=512)
def tokens(source: str) -> tuple[Token, ...]:
    """Return the page's tokens in order."""
    found: list[Token] = []
    at = 0
    while at < len(source):
        match = _TOKEN.search(source, at)
        if match is None:
            found.append(Token("text", source[at:]))
            break
        if match.start() > at:
            found.append(Token("text", source[at : match.start()]))
        at = match.end()
        if match["start"] is None:
            end = match["end"]
            found.append(Token("end", name=end) if end else Token("other", match.group()))
            continue
        found.append(_start(match))
        name = match["start"].lower()
        if name in _RAW and (close := re.compile(rf"</{name}\b", re.I).search(source, at)):
            if close.start() > at:
                found.append(Token("raw", source[at : close.start()], within=name))
            at = close.start()
    return tuple(found)


def _start(match: re.Match[str]) -> Token:
    attributes: dict[str, tuple[str, str | None]] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(match["attributes"]):
        value = double or single or bare
        given = html.unescape(value) if value else ("" if "=" in match["attributes"] else None)
        attributes.setdefault(name.lower(), (name, given))  # of two, a browser takes the first
    return Token(
        "start", "", match["start"], tuple(attributes.values()), slash=bool(match["slash"])
    )


def quoted(name: str, value: str | None) -> str:
    """Return an attribute in double quotes, as most tools write it."""
    if value is None:
        return name
    return f'{name}="{value.replace("&", "&amp;").replace(chr(34), "&quot;")}"'


def written(
    page: tuple[Token, ...] | list[Token], attribute: Callable[[str, str | None], str] = quoted
) -> str:
    """Return the source of a list of tokens."""
    return "".join([_written(token, attribute) for token in page])


def _written(token: Token, attribute: Callable[[str, str | None], str]) -> str:
    if token.kind == "start":
        parts = [token.name, *(attribute(name, value) for name, value in token.attributes)]
        return f"<{' '.join(parts)}{' /' if token.slash else ''}>"
    if token.kind == "end":
        return f"</{token.name}>"
    return token.text
