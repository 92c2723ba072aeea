"""Pages that are meant to harm: too large, or with links that must not be followed."""

from __future__ import annotations

import gzip
import re
from functools import cache

HUGE = 50 * 1024 * 1024
OUTSIDE = ("http://clearnet.example", "https://www.clearnet.example", "//clearnet.example")


@cache
def filler(size: int = HUGE) -> bytes:
    """Return a page's worth of rows that say nothing."""
    row = b'<div class="row"><span>nothing</span></div>\n'
    return row * (size // len(row))


@cache
def bomb() -> bytes:
    """Return the same, compressed."""
    return gzip.compress(filler(), 9)


_BODY = re.compile(r"<body[^>]*>")
_FOOTER = re.compile(r'<(?:div|footer) class="footer">')


def with_links(html: str, links: str) -> str:
    """Return a page with links in two places of its own frame: on top, and in its footer."""
    for place in (_BODY, _FOOTER):
        html = place.sub(lambda match: match.group() + links, html, count=1)
    return html


def clearnet_links(address: str) -> str:
    """Return links out of the Tor network, and what a browser would fetch from there itself."""
    anchors = "".join(f'<a href="{host}{address}">mirror</a> ' for host in OUTSIDE)
    return f"""<div class="notice">{anchors}<a href="http://198.51.100.7{address}">mirror</a>
<img src="http://tracker.clearnet.example/p.gif" alt=""><script src="//clearnet.example/x.js">\
</script><iframe src="https://clearnet.example/"></iframe>\
<link rel="stylesheet" href="http://clearnet.example/x.css">
<a href="javascript:location='http://clearnet.example'">x</a><a href="mailto:x@example">x</a></div>
"""


def phishing_links(address: str, hosts: tuple[str, ...]) -> str:
    """Return links to addresses that look like the market's."""
    anchors = "".join(f'<a href="http://{host}{address}">verified mirror</a> ' for host in hosts)
    return f'<div class="notice">{anchors}</div>\n'
