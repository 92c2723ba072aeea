"""What stands around and in an element, without the comments that a tool may put there."""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborNode


def attribute(node: LexborNode, name: str) -> str:
    """Return an attribute's value; an absent one and one without a value are empty."""
    return (node.attrs.get(name) or "") if node.is_element_node else ""


def class_names(node: LexborNode) -> list[str]:
    """Return an element's class names."""
    return (node.attrs.get("class") or "").split() if node.is_element_node else []


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


def next_element(node: LexborNode) -> LexborNode | None:
    """Return the next element beside this one."""
    following = node.next
    while following is not None and not following.is_element_node:
        following = following.next
    return following


def only_content(node: LexborNode) -> LexborNode | None:
    """Return the one text or element in a node; None if it holds none or several."""
    only = node.child
    if only is None or (only.next is None and not only.is_comment_node):
        return only
    found = contents(node)
    return found[0] if len(found) == 1 else None
