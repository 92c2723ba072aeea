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

from functools import lru_cache
from hashlib import blake2b

_MASK = (1 << 63) - 1


@lru_cache(maxsize=30_000)
def key_of(*parts: str | None) -> int:
    """Return the key of a row from the parts of its natural key (None is a value too)."""
    data = "".join(["-;" if part is None else f"{len(part)}:{part}" for part in parts])
    digest = blake2b(data.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") & _MASK
