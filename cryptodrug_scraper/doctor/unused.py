"""The labels and values of a page that no reading took.

Pages say things in pairs: a row of a table, a term and its definition, a label and what
follows it, ``Label: value`` on a line. A pair whose value was read is understood, and its
label with it. What remains is what a market has renamed or added, or what a parser never
read. Menus, links, forms and scripts are left out, and counted.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bs4.element import Tag

from cryptodrug_scraper.doctor.fields import FieldSource
from cryptodrug_scraper.doctor.pagetext import CONTROLS, PageText, Piece, css_path, squeeze
from cryptodrug_scraper.reading.reader import Reading

_LONGEST_LABEL = 60
_LONGEST_TEXT = 2_000
_MOST_GROUPS = 2_000
_SURELY_THE_SAME = 12  # from this length on, a text within another one is no chance

_LINE = re.compile(r"\s*([^:\n]{1,60}?)\s*:\s+(\S.*)", re.S)
_MENU = re.compile(
    r"nav|menu|sidebar|side-bar|breadcrumb|footer|foot|header|banner|search|pagin|login|tabs?\b",
    re.I,
)
_NOT_MENU = re.compile(r"subheader|cardheader|card-header|listhead", re.I)
_FIELDS = ["input", "select", "textarea", "button"]
_MENU_TAGS = frozenset({"nav", "footer", "menu"})
_LABELS = frozenset({"label", "dt", "th", "h1", "h2", "h3", "h4", "h5", "h6", "legend"})
_PARTS = frozenset({"b", "strong", "i", "em", "u", "span", "font", "small", "a", "sup", "sub"})


@dataclass(slots=True)
class UnusedText:
    """A text that nobody used, with its label if it has one.

    ``count`` texts like it (same label and kind of place) were met; this is the first.
    ``near`` says whether something of a record was read from the same block of the page.
    """

    label: str
    text: str
    where: str
    near: bool
    count: int = 1


@dataclass(slots=True)
class UnusedTexts:
    """All that nobody used, and how many texts were left out, by reason."""

    groups: list[UnusedText] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)


def unused_texts_of(
    text: PageText, readings: Sequence[Reading], sources: Sequence[FieldSource]
) -> UnusedTexts:
    """Return what on the page no reading took."""
    return _Search(text, readings, sources).run()


class _Search:
    def __init__(
        self, text: PageText, readings: Sequence[Reading], sources: Sequence[FieldSource]
    ) -> None:
        self.text = text
        self.out = UnusedTexts()
        self.read = {squeeze(r.text) for r in readings}
        self.read.update(
            squeeze(f.value) for f in sources if isinstance(f.value, str) and len(f.value) > 2
        )
        self.long = "\0".join(t for t in self.read if len(t) >= _SURELY_THE_SAME)
        stretches = sorted({s for f in sources for s in f.stretches})
        self._ends: list[int] = []  # the furthest end of all stretches that begin so early
        for _, end in stretches:
            self._ends.append(max(end, self._ends[-1] if self._ends else 0))
        self._begins = [start for start, _ in stretches]
        self.used = [self._is_used(piece) for piece in text.pieces]
        self.at = {id(piece): n for n, piece in enumerate(text.pieces)}
        self.index = {id(element.tag): n for n, element in enumerate(text.elements)}
        self.reason: dict[int, str] = {}
        self.controls: dict[int, bool] = {}
        self.records = self._record_part(sources)
        self.groups: dict[tuple[str, str], UnusedText] = {}

    def run(self) -> UnusedTexts:
        """Sort every piece of text: read, label of something read, left out, or left over."""
        done = [False] * len(self.text.pieces)
        if self.text.unread_scripts:
            self.out.ignored["scripts and styles"] = self.text.unread_scripts
        for row, cells in self._rows():
            self._row(row, cells, done)
        loose: list[int] = []
        for n, piece in enumerate(self.text.pieces):
            if done[n] or self.used[n]:
                continue
            reason = self._left_out(piece.element) or self._names_control(piece.element)
            if reason:
                self.out.ignored[reason] += 1
            else:
                loose.append(n)
        self._loose(loose, done)
        near = [g for g in self.groups.values() if g.near]
        self.out.groups = near + [g for g in self.groups.values() if not g.near]
        return self.out

    # -- what was read -------------------------------------------------------------------

    def _overlaps(self, start: int, end: int) -> bool:
        """Say whether something was read from within a stretch of the page's text."""
        before = bisect_right(self._begins, end - 1)
        return before > 0 and self._ends[before - 1] > start

    def _is_used(self, piece: Piece) -> bool:
        if self._overlaps(piece.start, piece.end):
            return True
        squeezed = self.text.text[piece.start : piece.end]
        if squeezed in self.read:
            return True
        return len(squeezed) >= _SURELY_THE_SAME and squeezed in self.long

    def _record_part(self, sources: Sequence[FieldSource]) -> set[int]:
        """Return the elements, with three around each, that a record was read from."""
        marked: set[int] = set()
        for source in sources:
            if source.record.startswith(("category", "exchange_rate", "page")):
                continue
            if source.how != "read":
                continue
            for stretch in source.stretches:
                index = self.text.innermost(*stretch)
                for _ in range(4):
                    if index >= 0 and self.text.elements[index].tag.name not in ("body", "html"):
                        marked.add(index)
                        index = self.text.elements[index].parent
        return marked

    def _near(self, index: int) -> bool:
        """Say whether a record was read from the block that an element stands in."""
        for _ in range(3):
            if index in self.records:
                return True
            index = self.text.elements[index].parent if index >= 0 else -1
        return False

    # -- what is left out ----------------------------------------------------------------

    def _left_out(self, index: int) -> str:
        """Return why the texts of an element are left out; empty if they are not."""
        chain: list[int] = []
        reason = ""
        while index >= 0:
            if index in self.reason:
                reason = self.reason[index]
                break
            chain.append(index)
            index = self.text.elements[index].parent
        for index in reversed(chain):
            reason = reason or self._reason(index)
            self.reason[index] = reason
        return reason

    def _reason(self, index: int) -> str:
        element = self.text.elements[index]
        name = element.tag.name
        if name == "a":
            return "links"
        if name in CONTROLS:
            return "forms"
        if name in ("html", "body") or self._overlaps(element.start, element.end):
            return ""
        if name == "form":
            return "forms"
        if name in _MENU_TAGS:
            return "menus"
        marks = [element.tag.get("id"), element.tag.get("class")]
        words = " ".join(m if isinstance(m, str) else " ".join(m) for m in marks if m)[:200]
        return "menus" if _MENU.search(words) and not _NOT_MENU.search(words) else ""

    def _names_control(self, index: int) -> str:
        """Say whether a text stands beside a field of a form, which it then is about."""
        block = self._block(index)
        if block not in self.controls:
            element = self.text.elements[block]
            self.controls[block] = (
                element.tag.name not in ("body", "html")
                and not self._overlaps(element.start, element.end)
                and element.tag.find(_FIELDS, recursive=False) is not None
            )
        return "forms" if self.controls[block] else ""

    # -- rows ----------------------------------------------------------------------------

    def _rows(self) -> Iterator[tuple[Tag, list[Tag]]]:
        """Yield the innermost rows: of tables, and terms with their definitions."""
        for element in self.text.elements:
            tag = element.tag
            if tag.name == "tr" and tag.find("table") is None:
                cells = list(tag.find_all(["td", "th"], recursive=False))[:40]
                if len(cells) > 1:
                    yield tag, cells
            elif tag.name == "dt":
                beside = tag.find_next_sibling(["dt", "dd"])
                if isinstance(beside, Tag) and beside.name == "dd":
                    yield tag, [tag, beside]

    def _pieces(self, tag: Tag) -> list[int]:
        index = self.index.get(id(tag))
        if index is None:
            return []
        element = self.text.elements[index]
        return [self.at[id(p)] for p in self.text.pieces_in(element.start, element.end)]

    def _row(self, row: Tag, cells: list[Tag], done: list[bool]) -> None:
        inside = [self._pieces(cell) for cell in cells]
        filled = [pieces for pieces in inside if pieces]
        if not filled or any(self._left_out_piece(pieces[0]) == "menus" for pieces in filled):
            return
        if all(cell.name == "th" for cell in cells) or row.find_parent("thead") is not None:
            # Headings of columns are understood where the table was read.
            table = row.find_parent("table")
            index = self.index.get(id(table)) if table is not None else None
            if index is not None and index in self.records:
                self._mark([n for pieces in filled for n in pieces], done)
        elif len(cells) >= 4 and len(cells) % 2 == 0 and self._all_labels(inside[::2], cells[::2]):
            for label, values, cell in zip(inside[::2], inside[1::2], cells[::2], strict=True):
                self._pair(label, values, cell, done)
        elif len(filled) > 1:
            self._pair(filled[0], [n for pieces in filled[1:] for n in pieces], row, done)

    def _all_labels(self, inside: list[list[int]], cells: list[Tag]) -> bool:
        """Say whether every other cell of a row is bold, a heading, or ends with a colon."""
        return all(
            cell.name == "th"
            or cell.find(["b", "strong", "label"]) is not None
            or self._say(pieces).endswith(":")
            for cell, pieces in zip(cells, inside, strict=True)
        )

    def _pair(self, label: list[int], values: list[int], tag: Tag, done: list[bool]) -> None:
        """Deal with a label and its value: understood, left out, or left over."""
        if any(self.used[n] for n in values):
            self._mark(label, done)
            return
        both = [*label, *values]
        if not values or all(self._left_out_piece(n) for n in both):
            return
        if any(self.used[n] for n in label) and len(tag.find_all(["td", "th"])) > 2:
            return  # what was read is no label in a table of many columns
        self._mark(both, done)
        self._add(self._say(label), self._say(values), tag)

    def _left_out_piece(self, n: int) -> str:
        return self._left_out(self.text.pieces[n].element)

    @staticmethod
    def _mark(pieces: list[int], done: list[bool]) -> None:
        for n in pieces:
            done[n] = True

    def _say(self, pieces: Sequence[int]) -> str:
        return " ".join(" ".join(self.text.pieces[n].text.split()) for n in pieces)

    # -- everything else -----------------------------------------------------------------

    def _loose(self, loose: list[int], done: list[bool]) -> None:
        """Pair labels with what follows them; the rest stands alone."""
        place = 0
        while place < len(loose):
            n = loose[place]
            place += 1
            if done[n]:
                continue
            piece = self.text.pieces[n]
            here = self._tag(piece)
            following = self._following(n)
            if following is not None and self._is_label(piece, here):
                if self.used[following]:
                    continue  # the label of something that was read
                if not done[following] and not self._is_label(
                    self.text.pieces[following], self._tag(self.text.pieces[following])
                ):
                    taken = self._rest(following, done, links=True)
                    self._mark(taken, done)
                    self._add(self._say([n]), self._say(taken), here)
                    continue
            line = _LINE.fullmatch(piece.text)
            if line and "//" not in line.group(1) and len(line.group(2)) <= _LONGEST_TEXT:
                self._add(line.group(1), line.group(2), here)
            elif here.name in _LABELS:
                self._add(self._say([n]), "", here)
            else:
                taken = self._rest(n, done, links=False)
                self._mark(taken, done)
                self._add("", self._say(taken), here)

    def _tag(self, piece: Piece) -> Tag:
        return self.text.elements[piece.element].tag

    def _is_label(self, piece: Piece, tag: Tag) -> bool:
        stated = piece.text.strip()
        if not 0 < len(stated) <= _LONGEST_LABEL:
            return False
        if stated.endswith(":") or tag.name in _LABELS:
            return True
        following = self._following(self.at[id(piece)])
        if following is None:
            return False
        # Words right before something that was read, in the same small block, name it; and of a
        # block with just two texts, the first names the second.
        if self.used[following] and any(c.isalpha() for c in stated):
            return True
        block = self.text.elements[self._block(piece.element)]
        return self.text.count_in(block.start, block.end) == 2

    def _block(self, index: int) -> int:
        """Return the element around an inline one, one step above a block of its own."""
        element = self.text.elements[index]
        if element.parent >= 0 and self.text.count_in(element.start, element.end) == 1:
            return element.parent
        return index

    def _following(self, n: int) -> int | None:
        """Return the next piece of text if it stands in the same block as this one."""
        if n + 1 >= len(self.text.pieces):
            return None
        piece, other = self.text.pieces[n], self.text.pieces[n + 1]
        block = self.text.elements[self._block(piece.element)]
        if other.end <= block.end:
            return n + 1
        # A heading names the block after it, even where both have a box of their own.
        if self._tag(piece).name in _LABELS:
            around = self.text.elements[max(0, block.parent)]
            return n + 1 if other.end <= around.end else None
        return None

    def _rest(self, first: int, done: list[bool], *, links: bool) -> list[int]:
        """Return a text's pieces: the first one, and bold words and the like behind it."""
        taken = [first]
        block = self.text.elements[self._block(self.text.pieces[first].element)]
        for n in range(first + 1, min(first + 20, len(self.text.pieces))):
            piece = self.text.pieces[n]
            inline = self._tag(piece).name in _PARTS or piece.element == (
                self.text.pieces[first].element
            )
            left_out = self._left_out(piece.element) and not links
            if self.used[n] or done[n] or left_out or piece.end > block.end or not inline:
                break
            if piece.text.strip().endswith(":"):
                break
            taken.append(n)
        return taken

    def _add(self, label: str, text: str, tag: Tag) -> None:
        label = label.strip().rstrip(":").strip()[:_LONGEST_TEXT]
        if not any(c.isalnum() for c in label + text):
            self.out.ignored["marks and signs"] += 1
            return
        key = (css_path(tag, numbered=False), label or text)
        other = self.groups.get(key)
        if other is not None:
            other.count += 1
        elif len(self.groups) < _MOST_GROUPS:
            near = self._near(self.index.get(id(tag), -1))
            self.groups[key] = UnusedText(label, text[:_LONGEST_TEXT], css_path(tag), near)
        else:
            self.out.ignored["beyond what is listed"] += 1
