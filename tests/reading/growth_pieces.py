"""What a page can repeat without end: elements, texts and attributes, as patterns.

A pattern is repeated until it has the wanted size; ``№`` in it is a number that counts, so
that no two are alike. The elements of a market's own pages join the catalogue
(:func:`own_elements`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser

_INLINE = "a b big code del em font i ins label mark q s small span strike strong sub sup u"
_BLOCKS = (
    "address article aside blockquote center dd div dl dt fieldset figure footer form h1 h2 h3"
    " h4 h5 h6 header legend li main nav ol p pre section ul"
)
_VOID = "area br col embed hr img input link meta source wbr"
_OTHERS = (
    "button caption iframe noscript object optgroup option script select style svg table tbody"
    " td template textarea tfoot th thead title tr video"
)

TEXTS = {
    "words": "word ",
    "letters": "a",
    "capitals": "USD",
    "digits": "7",
    "thousands": "170 ",
    "commas": "1,",
    "dots": ".",
    "decimals": "1.",
    "apostrophes": "1'",
    "spaces": " ",
    "no-break spaces": "\u00a0",
    "thin spaces in digits": "1\u202f",
    "newlines": "\n",
    "newlines and letters": "a\r\n",
    "carriage returns": "\r",
    "tabs": "\t",
    "NEL": "\x85",
    "emoji": "🍀",
    "accents": "é",
    "dotted capital": "İ",
    "replacement": "\ufffd",
    "opening brackets": "(",
    "closing brackets": ")",
    "brackets with digits": "(1) ",
    "square brackets": "[x]",
    "quotes": "“”",
    "dashes": "-",
    "dashes and spaces": " - ",
    "long dashes": "–",
    "slashes": "/",
    "counts": "1/2/3 ",
    "plus": "+1",
    "minus": "-1 ",
    "percent": "5% ",
    "tildes": "~1 ",
    "colons": "a: ",
    "colons alone": ":",
    "question marks": "?a=1&",
    "addresses": "http://abc.onion/offer/№ ",
    "offers": "/viewProduct?offer=№.1 ",
    "profiles": "/profile/x№ ",
    "percent escapes": "%41",
    "places": "Germany, ",
    "places and signs": "Worldwide except Norway/Japan ",
    "places unknown": "Nowhere№, ",
    "codes of places": "US UK ",
    "prices": "$1'250.00 ",
    "prices in coins": "0.015 BTC (€27) ",
    "currency after": "12 USD",
    "currency signs": "€",
    "dates": "12/31/2018 ",
    "dates in words": "March 22, 2019 ",
    "hours": "12:30 ",
    "ages": "2d 3h ",
    "ages in words": "about 3 hours ago ",
    "levels": "Level 1 ",
    "experience": "1 EXP ",
    "sold": "1 sold since ",
    "trusted": "trusted vendor ",
    "not": "not ",
    "banned": "vendor banned ",
    "verified": "Verified x market ",
    "fe": "FE 50% ",
    "escrow": "escrow, ",
    "days": " - 1 days",
    "from qty": "from qty 1 to 2 ",
    "item": "item # 1 - ",
    "more ratings": "and 3 more ratings ",
    "rating on": "rating on ",
    "unlimited": "unlimited items available ",
    "server time": "Server time: ",
    "copyright": "Copyright © 2018 ",
    "not found": "listing not found ",
    "page was": "this page was ",
    "gateway": "502 bad ",
    "key begins": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
    "key ends": "-----END PGP PUBLIC KEY BLOCK-----\n",
    "key lines": "mQENBFu\n",
    "key": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n",
    "equals": "=",
    "stars": "*** ",
    "stars apart": "* ",
    "entities": "&amp;",
    "numeric entities": "&#8364;",
    "entities broken": "&amp",
    "tag-like": "< a",
    "closing tags": "</p>",
    "closing unknown": "</x>",
    "comments": "<!-- x -->",
    "comment open": "<!-",
    "cdata": "<![CDATA[x]]>",
    "processing": "<?x ?>",
}

PIECES = {
    **{f"<{tag}>x</{tag}>": f"<{tag}>x</{tag}>" for tag in f"{_INLINE} {_BLOCKS}".split()},
    **{f"<{tag}></{tag}>": f"<{tag}></{tag}>" for tag in f"{_INLINE} {_BLOCKS} {_OTHERS}".split()},
    **{f"<{tag}>x": f"<{tag}>x" for tag in f"{_INLINE} {_BLOCKS} {_OTHERS}".split()},
    **{f"<{tag}>": f"<{tag}>" for tag in f"{_INLINE} {_BLOCKS} {_OTHERS} {_VOID}".split()},
    **{f"a<{tag}>": f"a<{tag}>" for tag in _VOID.split()},
    "fonts of their own": "<font color=c№>x",
    "fonts across paragraphs": "<p><font color=c№>x",
    "bold across paragraphs": "<p><b><i>x",
    "misnested": "<b><p>x</b>",
    "misnested links": "<a href=x№><p>x</a>",
    "icons": '<i class="ion-x"></i>',
    "icons and text": 'a<i class="icon ion-x№" title="t"></i>',
    "icons in links": '<a href="/offer/№"><i class="ion-x"></i></a>',
    "infinite": '<i class="ion-ios-infinite"></i>',
    "stars drawn": '<i class="fa fa-star" style="color:gold"></i>',
    "stars as images": '<img alt="gold" src="gold.png">',
    "images": '<img src="/img/x№.png" alt="x">',
    "images inlined": '<img src="data:image/png;base64,iVBORw0KGgo/A+№=">',
    "links to offers": '<a href="/offer/№">t</a>',
    "links to one offer": '<a href="/offer/7">t</a>',
    "links to profiles": '<a href="/profile/v№">v</a>',
    "links to products": '<a href="/product/№/1/1">t</a>',
    "links to offers by query": '<a href="./viewProduct?offer=№.1">t</a>',
    "links to contacts": '<a href="./contactMember?member=v№">v</a>',
    "links to users": '<a href="/u/v№">v</a>',
    "links to categories": '<a href="/category/categories/№/0/0">c</a>',
    "links to categories by query": '<a href="./?category=№">c</a>',
    "links to pages": '<a href="?page=№">2</a>',
    "links elsewhere": '<a href="http://x№.onion/offer/1">t</a>',
    "buttons of categories": '<button name="menuCat[№]">c</button>',
    "rows": "<tr><td>x</td><td>y</td></tr>",
    "rows of their own": "<tr><td>L№</td><td>x</td></tr>",
    "rows of five": "<tr><td>5d</td><td>x</td><td>y</td><td>a...b</td><td>$12</td></tr>",
    "heading cells": "<tr><th>1 month</th><th>2 months</th></tr>",
    "cells": "<td>1</td>",
    "tables": "<table><tr><td>x</td></tr></table>",
    "tables of offers": '<table><tr><td><a href="/offer/№">t</a></td><td>$5</td></tr></table>',
    "tables left open": "<table><tr><td>",
    "labels": "<b>Label№:</b> value<br>",
    "labels known": "<b>Price:</b> $5<br>",
    "labels and spans": "<div><label>L№:</label><span>x</span></div>",
    "headings": "<h4>Heading№</h4><p>x</p>",
    "headings with colons": "<h3>x:</h3>",
    "lists": "<ul><li>x</li></ul>",
    "descriptions": "<dl><dt>a<dd>b</dl>",
    "forms": '<form action="/x№"><input name="offer" value="1.№"></form>',
    "inputs": '<input name="x№" value="y">',
    "options": "<option>a№ - 1 days - USD 1</option>",
    "selects": '<select name="shippingOption"><option>a - USD 1</option></select>',
    "spans with titles": '<span title="Verified x№">1 (5.0)</span>',
    "spans nested": "<span><span><span>x</span></span></span>",
    "inline nested": "<b><i><u>x</u></i></b>",
    "divs nested": "<div><div>x</div></div>",
    "paragraph in paragraph": "<p>a<p>b",
    "distinct classes": '<div class="k№">x</div>',
    "distinct attributes": "<span a№=b>x</span>",
    "distinct tags": "<x№>",
    "meta refresh": '<meta http-equiv="refresh" content="5">',
    "titles": "<title>x</title>",
    "text and comments": "a<!-- x -->",
    "text and scripts": "a<script></script>",
    "text and breaks": "a\n<br>\n",
    "svg": "<svg><g>x</g></svg>",
    "frames": "<iframe src=x></iframe>",
    "nbsp in bold": "<b>&nbsp;</b>",
}

ATTRIBUTES = {
    "many attributes": " a№=b",
    "many attributes without values": " a№",
    "one attribute again": " class=b",
    "slashes in a tag": "/",
    "spaces in a tag": " ",
}
"""What is put into a start tag, behind its name."""


def repeated(pattern: str, size: int) -> bytes:
    """Return about ``size`` bytes of a pattern, over and over."""
    first, *rest = pattern.split("№")
    times = max(1, size // len(pattern.encode()))
    if not rest:
        return pattern.encode() * times
    return "".join([first + "".join([f"{n}{p}" for p in rest]) for n in range(times)]).encode()


def own_elements(body: bytes, longest: int = 1_500) -> Iterator[tuple[str, str]]:
    """Yield a page's own elements, each kind once: what they are, and their source."""
    seen: set[str] = set()
    for node in LexborHTMLParser(body).css("body *"):
        html = node.html or ""
        name = f"{node.tag}.{node.attributes.get('class') or node.id or ''}"
        about = re.sub(r"\d+", "", name)
        if about not in seen and len(html) <= longest:
            seen.add(about)
            yield f"own {name}", html
