"""Keeps the C library from giving memory back to the system after every page.

A tree of a page is a megabyte that is taken and freed thousands of times a second; glibc
hands such pieces back at once and the system zeroes them anew. Elsewhere this does nothing.
"""

from __future__ import annotations

import contextlib
import ctypes

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of glibc's malloc.h


def keep_freed_memory(limit: int = 32 << 20) -> None:
    """Let up to ``limit`` bytes that were freed stay with this process."""
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, limit)
        mallopt(_MMAP_THRESHOLD, limit)
        mallopt(_TOP_PAD, limit // 8)
