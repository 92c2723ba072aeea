"""The objects of a long JSON array, one at a time, so that a file of any size fits in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from .unpack import Bad

_CHUNK = 1 << 20
_MARK = re.compile(rb'["{}\[\]]')
_IN_STRING = re.compile(rb'["\\]')
_OPENING = (b"{", b"[")
_KEY = 64
_DEEPEST = 200


def json_items(file: BinaryIO, path: tuple[str, ...], most: int) -> Iterator[dict[str, Any] | Bad]:
    """Yield the objects of the array that stands under the keys of ``path`` (none: at the top).

    What is damaged, cut off or larger than ``most`` bytes is yielded as :class:`Bad`.
    """
    scanner = _Scanner(path, most)
    while chunk := file.read(_CHUNK):
        yield from scanner.feed(chunk)
        if scanner.over:
            return
    if not scanner.over:
        yield Bad("truncated", "the file ends before its end")


class _Scanner:
    """Finds where the objects of the array begin and end; json reads them."""

    def __init__(self, path: tuple[str, ...], most: int) -> None:
        self._path = ["", *path]
        self._most = most
        self._keys: list[str] = []  # of each open array and object, that under which it stands
        self._text = bytearray()  # the last string, as far as it may be a key
        self._in_string = False
        self._skip = 0
        self._inside = 0  # depth within the array, if that was found
        self._item: bytearray | None = None
        self._too_large = False
        self.over = False

    def feed(self, chunk: bytes) -> Iterator[dict[str, Any] | Bad]:
        """Go on with the next bytes of the file."""
        at, self._skip = self._skip, 0
        begun = 0 if self._item is not None else -1  # where in the chunk the open object goes on
        while True:
            if self._in_string:
                match = _IN_STRING.search(chunk, at)
                if not self._inside:
                    end = len(chunk) if match is None else match.start()
                    self._text += chunk[at : min(end, at + _KEY)]
                if match is None:
                    break
                at = match.end()
                if match[0] == b"\\":
                    at += 1
                    if at > len(chunk):
                        self._skip = at - len(chunk)
                        break
                else:
                    self._in_string = False
                continue
            match = _MARK.search(chunk, at)
            if match is None:
                break
            at, mark = match.end(), match[0]
            if mark == b'"':
                self._in_string = True
                self._text.clear()
            elif mark in _OPENING:
                if self._open(mark):
                    begun = match.start()
            elif self._close():
                item, self._item = self._item, None
                if item is not None and begun >= 0:
                    item += chunk[begun:at]
                    yield self._read(item)
                begun = -1
            if self.over:
                if self._inside == 0 and len(self._keys) >= _DEEPEST:
                    yield Bad("broken_record", "it is nested too deeply; the rest was not read")
                return
        if self._item is not None and begun >= 0:
            self._item += chunk[begun:]
            if len(self._item) > self._most:
                self._too_large = True
                self._item.clear()

    def _open(self, mark: bytes) -> bool:
        """An array or object begins; tell whether it is one of those sought."""
        self._keys.append(self._text[:_KEY].decode("utf-8", "replace"))
        self._text.clear()
        if len(self._keys) >= _DEEPEST:
            self.over, self._inside = True, 0
        if self._inside:
            self._inside += 1
            if self._inside == 2 and mark == b"{":
                self._item, self._too_large = bytearray(), False
                return True
        elif mark == b"[" and self._keys == self._path:
            self._inside = 1
        return False

    def _close(self) -> bool:
        """An array or object ends; tell whether it is one of those sought."""
        if self._keys:
            self._keys.pop()
        if not self._inside:
            self.over = not self._keys
            return False
        self._inside -= 1
        if not self._inside:
            self.over = True
        return self._inside == 1 and self._item is not None

    def _read(self, item: bytearray) -> dict[str, Any] | Bad:
        if self._too_large or len(item) > self._most:
            return Bad("too_large", f"more than {self._most:,} bytes")
        try:
            result: dict[str, Any] = json.loads(item)
        except (ValueError, RecursionError) as error:
            return Bad("broken_record", f"damaged JSON ({error})")
        return result
