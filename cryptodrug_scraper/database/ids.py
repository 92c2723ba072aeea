"""Keys made from what a row is, not from the order in which rows came.

A vendor's key is a hash of its market and handle, a capture's of its bytes, time and
address, and so on. So any loader can write a row and all that refers to it without asking
the database first; the same page loaded twice, or by two loaders at once, or in another
order, gives the same rows with the same keys.

A key is 63 bits of BLAKE2b. Among ten million rows of a table two would share one with a
chance of one in 200,000; natural keys are unique beside it, so that even then the load
fails loudly and never mixes two vendors up.
"""

from __future__ import annotations

from hashlib import blake2b

_MASK = (1 << 63) - 1


def key_of(*parts: str | None) -> int:
    """Return the key of a row from the parts of its natural key (None is a value too)."""
    digest = blake2b(digest_size=8)
    for part in parts:
        if part is None:
            digest.update(b"-;")
        else:
            data = part.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(data))
            digest.update(data)
    return int.from_bytes(digest.digest(), "big") & _MASK
