"""The one error of everything about Tor."""

from __future__ import annotations


class TorUnavailable(Exception):
    """Tor cannot be used; the message says what is wrong, where, and what to do.

    It never holds a password, a cookie or a URL's credentials.
    """
