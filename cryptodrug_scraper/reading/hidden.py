"""The markup of a page without its comments and scripts, whose contents are no elements.

A scan for tags that goes over the bytes takes ``<div>`` in a comment or a script for an element.
Where that matters, they are left out first. What browsers take for a comment or a script depends
on what stands before; a page that leaves it open is not decided here.
"""

from __future__ import annotations

import re

_OPENER = re.compile(
    rb"<!--|<(script|style|title|textarea|xmp|iframe|noembed|noframes|noscript|plaintext|svg|math)"
    rb"(?=[ \t\n\f\r/>])"
)
_COMMENT_END = re.compile(rb"--!?>")
# A value in quotes that holds a tag's end, or what might be one: tags cannot be told by sight.
_UNSURE_VALUE = re.compile(rb"=\s*(?:\"[^\"<>]*[<>]|'[^'<>]*[<>])")
_NAME_ENDS = frozenset((b" ", b"\t", b"\n", b"\f", b"\r", b"/", b">"))
_FOREIGN = frozenset((b"plaintext", b"svg", b"math"))


def markup_of(body: bytes) -> bytes | None:
    """Return a page's bytes in lower case without comments and scripts; linear in the bytes.

    None where it is not certain what they are: comments within values of attributes, within other
    texts without elements (``<textarea>``), scripts within scripts, drawings (``<svg>``).
    """
    body = body.lower()
    kept: list[bytes] = []
    at = 0
    while opener := _OPENER.search(body, at):
        before = body[at : opener.start()]
        name = opener[1]
        if name in _FOREIGN or before.rfind(b"<") > before.rfind(b">"):
            return None
        kept.append(before)
        if name is None:
            end = _COMMENT_END.search(body, opener.start() + 2)
            at = end.end() if end else len(body)
            kept.append(b"<>")
            continue
        begins = body.find(b">", opener.end())
        ends = body.find(b"</" + name, begins)
        if begins < 0 or ends < 0:  # to the page's end there is nothing else
            return None
        inside, after = body[begins + 1 : ends], body[ends + 2 + len(name) : ends + 3 + len(name)]
        if after not in _NAME_ENDS or b"<script" in inside:
            return None
        if name != b"script" and b"<!--" in inside:
            return None
        kept.append(body[opener.start() : begins + 1])
        kept.append(b"<>" if name == b"script" else inside)
        at = ends
    markup = b"".join([*kept, body[at:]])
    return None if _UNSURE_VALUE.search(markup) else markup
