"""OpenPGP public keys as vendors paste them: the armoured block and its fingerprint."""

from __future__ import annotations

import re
from functools import lru_cache

from pysequoia import Cert

from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Vendor

_BEGIN = re.compile(r"-----BEGIN PGP PUBLIC KEY BLOCK-----")
_END = "-----END PGP PUBLIC KEY BLOCK-----"
_LONGEST = 200_000  # characters of a key
_NONE = re.compile(r".{0,60}\b(?:no|not|none|without|hasn't)\b(?!.*-----).{0,100}", re.I | re.S)


@lru_cache(maxsize=4096)
def fingerprint(armoured: str) -> str | None:
    """Return a key's fingerprint in upper-case hexadecimal, or None if it cannot be read.

    Saved copies may have lost the blank line after the armour's headers or gained spaces;
    lines are trimmed before reading, and the key is refused if its checksum is wrong.
    """
    trimmed = "\n".join(line.strip() for line in armoured.splitlines())
    try:
        return str(Cert.from_bytes(trimmed.encode()).fingerprint).upper()
    except Exception:  # pysequoia raises bare Exceptions of many kinds for bad keys
        return None


def read_key(vendor: Vendor, text: str | None, reader: Reader) -> None:
    """Set ``pgp_key`` and ``pgp_fingerprint`` from a text that holds an armoured key.

    A short one such as "No PGP key" says that there is none.
    """
    if not text or not text.strip() or _NONE.fullmatch(text):
        return
    text = text.replace("\xa0", " ")
    block = _block(text)
    if block is None:
        reader.warn("vendor.pgp_key", "no armoured public key block", text)
        return
    vendor.pgp_key = reader.block("vendor.pgp_key", block)
    vendor.pgp_fingerprint = fingerprint(block)
    if vendor.pgp_fingerprint is None:
        reader.warn("vendor.pgp_fingerprint", "the key cannot be read", block)


def _block(text: str) -> str | None:
    """Return the first armoured block; a text of beginnings without an end is gone through once."""
    end = 0
    for begin in _BEGIN.finditer(text):
        if end <= begin.end():
            end = text.find(_END, begin.end() + 1)
            if end < 0:
                return None
        if end - begin.end() <= _LONGEST:
            return text[begin.start() : end + len(_END)]
    return None
