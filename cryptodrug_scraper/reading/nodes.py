"""What stands around and in an element, without the comments that a tool may put there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import fold


def attribute(node: LexborNode, name: str) -> str:
    """Return an attribute's value; an absent one and one without a value are empty."""
    return (node.attrs.get(name) or "") if node.is_element_node else ""


def class_names(node: LexborNode) -> list[str]:
    """Return an element's class names."""
    return (node.attrs.get("class") or "").split() if node.is_element_node else []


def tooltips(node: LexborNode) -> Iterator[str]:
    """Yield what an element shows when it is pointed at, white space folded."""
    for name in ("title", "alt", "data-original-title", "aria-label"):
        if tip := fold(attribute(node, name)):
            yield tip


def elements(node: LexborNode) -> list[LexborNode]:
    """Return the elements that are children of this one."""
    return [child for child in node.iter() if child.is_element_node]


def ancestors(node: LexborNode) -> Iterator[LexborNode]:
    """Yield the elements around this one, the nearest first."""
    around = node.parent
    while around is not None:
        yield around
        around = around.parent


def contents(node: LexborNode) -> list[LexborNode]:
    """Return the texts and elements that are children of this one."""
    return [child for child in node.iter(include_text=True) if not child.is_comment_node]


def following(node: LexborNode) -> Iterator[LexborNode]:
    """Yield the elements beside this one that come after it, the nearest first."""
    beside = node.next
    while beside is not None:
        if beside.is_element_node:
            yield beside
        beside = beside.next


def preceding(node: LexborNode) -> Iterator[LexborNode]:
    """Yield the elements beside this one that come before it, the nearest first."""
    beside = node.prev
    while beside is not None:
        if beside.is_element_node:
            yield beside
        beside = beside.prev


def next_element(node: LexborNode) -> LexborNode | None:
    """Return the next element beside this one."""
    return next(following(node), None)


def text_before(node: LexborNode) -> str:
    """Return the text that stands directly before an element, whatever comments are amid it."""
    text = ""
    beside = node.prev
    while beside is not None and not beside.is_element_node:
        text = f"{beside.text()}{text}" if beside.is_text_node else text
        beside = beside.prev
    return text


def text_after(node: LexborNode) -> str:
    """Return the text that stands directly after an element, whatever comments are amid it."""
    text = ""
    beside = node.next
    while beside is not None and not beside.is_element_node:
        text = f"{text}{beside.text()}" if beside.is_text_node else text
        beside = beside.next
    return text


def text_until(node: LexborNode, tag: str) -> str:
    """Return a node's text up to the first element of a tag in it."""
    return "".join([part.text() for part in takewhile(lambda n: n.tag != tag, contents(node))])


def only_content(node: LexborNode) -> LexborNode | None:
    """Return the one text or element in a node; None if it holds none or several."""
    only = node.child
    if only is None or (only.next is None and not only.is_comment_node):
        return only
    children = contents(node)
    return children[0] if len(children) == 1 else None


def children(node: LexborNode, *tags: str) -> Iterator[LexborNode]:
    """Yield the elements of these tags that are children of this one."""
    for child in node.iter():
        if child.tag in tags:
            yield child


def cells_of(row: LexborNode) -> list[LexborNode]:
    """Return the cells of a table's row, headings among them."""
    return list(children(row, "td", "th"))


def inner(node: LexborNode, tag: str) -> LexborNode | None:
    """Return the first element of a tag within this one; a child is found soonest."""
    for child in node.iter():
        if child.tag == tag:
            return child
    return node.css_first(tag)


def words(node: LexborNode) -> str:
    """Return a node's whole text with white space folded."""
    return fold(node.text())


def own_text(node: LexborNode) -> str:
    """Return a node's text without that of the elements in it."""
    return node.text(deep=False)


def enclosing(node: LexborNode, *tags: str) -> LexborNode | None:
    """Return the nearest element of these tags around this one, or None."""
    return next((outer for outer in ancestors(node) if outer.tag in tags), None)


def topmost(within: LexborNode, selector: str) -> list[LexborNode]:
    """Return the nodes that match, in page order, but none inside another.

    On a market's pages none ever is. On a page made to cost much, a block inside five
    hundred like it would have its text read five hundred times.
    """
    nodes = within.css(selector)
    if len(nodes) < 2:
        return nodes
    kept: list[LexborNode] = []
    inside: set[int] = set()
    around = {within.mem_id}
    for node in nodes:
        above = node.parent
        met: list[int] = []
        while above is not None and (mem_id := above.mem_id) not in around:
            if mem_id in inside:
                inside.update(met)
                break
            met.append(mem_id)
            above = above.parent
        else:
            kept.append(node)
            inside.add(node.mem_id)
            around.update(met)
    return kept


def in_menu(node: LexborNode, known: dict[int, bool]) -> bool:
    """Tell whether an element stands in the site's own menu or footer.

    ``known`` keeps the answer for the elements around, by ``mem_id``: many links of a page
    stand in the same ones, perhaps far inside.
    """
    met = []
    inside = False
    for outer in ancestors(node):
        if outer.mem_id in known:
            inside = known[outer.mem_id]
            break
        met.append(outer.mem_id)
        if outer.tag in ("nav", "header", "footer") or "navbar" in attribute(outer, "class"):
            inside = True
            break
    known.update(dict.fromkeys(met, inside))
    return inside


def links_outside(within: LexborNode, left_out: str) -> list[LexborNode]:
    """Return the links in a node without those in elements of these selectors."""
    written = {link.mem_id for link in within.css(f":is({left_out}) a")}
    links = within.css("a")
    return [link for link in links if link.mem_id not in written] if written else links


def labelled(block: LexborNode | None) -> Iterator[tuple[str, LexborNode | None]]:
    """Yield the label, without its colon, and the value of each row in a block, if there is one.

    They are the ``<dt>`` and ``<dd>`` of a ``<dl>``, the first two cells of a table's row, or the
    ``<label>`` and ``<span>`` of an element; the text of an element without a label is yielded in
    its place.
    """
    is_table = block is not None and block.tag == "table"
    for row in () if block is None else topmost(block, "tr") if is_table else elements(block):
        label, value = _label_and_value(row)
        if label is not None:
            yield words(label).rstrip(" :"), value
        elif row.tag != "dd" and (text := words(row)):
            yield text, None


def _label_and_value(row: LexborNode) -> tuple[LexborNode | None, LexborNode | None]:
    if row.tag == "tr":
        cells = [*cells_of(row), None, None]
        return cells[0], cells[1]
    label = row if row.tag == "dt" else inner(row, "label") or inner(row, "dt")
    if label is None or label.tag != "dt":
        return label, inner(row, "span")
    value = next_element(label)
    return label, value if value is not None and value.tag == "dd" else None


def headed_rows(block: LexborNode) -> Iterator[tuple[list[str], list[LexborNode]]]:
    """Yield a table's rows of cells, each with the headings above it.

    A row that begins with a ``<th>`` is one of headings.
    """
    headings: list[str] = []
    for cells in map(cells_of, topmost(block, "tr")):
        if cells and cells[0].tag == "th":
            headings = [words(cell) for cell in cells]
        elif cells:
            yield headings, cells
