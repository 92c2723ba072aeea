"""Whether Tor answers: a crawl pauses while it does not, and ends when that takes too long."""

from __future__ import annotations

import time
from collections.abc import Callable

_FAILURES = 5  # attempts in a row that did not even reach the proxy
_PAUSE = 5.0
_PATIENCE = 120.0  # seconds that Tor may be gone


class TorWatch:
    """Counts attempts that did not reach the proxy; ``gave_up`` is called with the last reason."""

    def __init__(self, gave_up: Callable[[str], None]) -> None:
        self._gave_up = gave_up
        self._failures = 0
        self._down_since: float | None = None
        self._until = 0.0

    @property
    def is_down(self) -> bool:
        """Whether the last attempts did not even reach the proxy."""
        return self._down_since is not None

    @property
    def pauses(self) -> bool:
        """Whether nothing should be asked for the moment."""
        return time.monotonic() < self._until

    def failed(self, why: str) -> None:
        """Note that the proxy could not be reached."""
        self._failures += 1
        if self._failures < _FAILURES and self._down_since is None:
            return
        now = time.monotonic()
        self._down_since = self._down_since or now
        self._until = now + _PAUSE
        if now - self._down_since > _PATIENCE:
            self._gave_up(why)

    def worked(self) -> None:
        """Note that an answer came."""
        self._failures = 0
        self._down_since = None
