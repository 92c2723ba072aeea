"""Messages to people, through Apprise: what is bad enough, how often, and that it is over.

Off without addresses (``urls``, as Apprise writes them). Messages leave this machine by whatever
way Apprise's service takes, so nothing of a market may be in one: they are made from fixed
sentences, and what looks like an address all the same is blanked here. What stands in the URLs is
secret: neither errors nor logs show more of one than its position and its scheme.
"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cryptodrug_scraper.common.files import write_atomically
from cryptodrug_scraper.common.terminal import cut, safe
from cryptodrug_scraper.monitor.levels import Level

_log = logging.getLogger(__name__)

_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]{0,19}://\S+"
    r"|[\w-]{1,99}(?:\.[\w-]{1,99}){0,9}\.(?:onion|i2p)\b\S*"
    r"|\b[a-z2-7]{56}\b",
    re.IGNORECASE,
)
_LONGEST = 10_000
_LONGEST_REST = 60
"""Minutes between two attempts at most; they begin with one, and double."""


@dataclass(frozen=True)
class NotifyRules:
    """To whom (URLs of Apprise), from which level on, how often a subject, and of ends too."""

    urls: tuple[str, ...] = ()
    least: Level = Level.LOOK
    every: timedelta = timedelta(hours=6)
    over: bool = True


@dataclass(frozen=True)
class Message:
    """What people are to know; ``subject`` is a stable key, such as ``MARKET/health``."""

    subject: str
    level: Level
    title: str
    body: str


@dataclass
class _Sent:
    """The last message of a subject: when, what, who had it, and for whom it waits."""

    level: Level
    at: datetime
    title: str
    body: str
    had: set[int] = field(default_factory=set)
    """Positions of the URLs at which a message of this trouble arrived."""
    waits: set[int] = field(default_factory=set)
    over: bool = False
    tries: int = 0
    again: datetime | None = None


_STATE = TypeAdapter(dict[str, _Sent])


class Notifier:
    """Sends messages by rules, and remembers in a file, so that a restart repeats nothing.

    One process at a time has a state. `retry` wants to be called now and then: it sends what could
    not be delivered.
    """

    def __init__(
        self,
        rules: NotifyRules,
        state: Path,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rules, self._file, self._clock = rules, state, clock
        self._subjects = self._read()

    @property
    def waiting(self) -> int:
        """How many messages could not be delivered yet to all who are to have them."""
        return sum(bool(sent.waits) for sent in self._subjects.values())

    def send(self, message: Message) -> bool:
        """Send a message if the rules let it; return whether it arrived anywhere just now.

        A subject has one message in ``every``, and one more when its level becomes worse. One that
        waits to be delivered takes the newer words.
        """
        rules, now = self._rules, self._clock()
        if not rules.urls or message.level.rank < rules.least.rank:
            return False
        title, body = blanked(message.title), blanked(message.body)
        sent = self._subjects.get(message.subject)
        is_due = (
            sent is None
            or sent.over
            or message.level.rank > sent.level.rank
            or not timedelta() <= now - sent.at < rules.every
        )
        if sent is None or is_due:
            everybody = set(range(len(rules.urls)))
            had = sent.had if sent else set()
            sent = _Sent(message.level, now, title, body, had, everybody)
            self._subjects[message.subject] = sent
        elif sent.waits:
            sent.title, sent.body = title, body
        else:
            return False
        return self._deliver(message.subject, sent)

    def resolve(self, subject: str, title: str, body: str) -> bool:
        """Send that it is over to those who had a message of it; return whether it arrived.

        Of what nobody had a message of, nothing is sent; neither is what still waited.
        """
        sent = self._subjects.get(subject)
        if sent is None or sent.over:
            return False
        if not (self._rules.over and sent.had and sent.level.rank > Level.FINE.rank):
            del self._subjects[subject]
            self._save()
            return False
        words = blanked(title), blanked(body)
        sent = _Sent(Level.FINE, self._clock(), *words, sent.had, set(sent.had), over=True)
        self._subjects[subject] = sent
        return self._deliver(subject, sent)

    def retry(self) -> bool:
        """Try again what could not be delivered and is due; return whether anything arrived."""
        return sum(self._deliver(*each) for each in list(self._subjects.items())) > 0

    def _deliver(self, subject: str, sent: _Sent) -> bool:
        now, arrived = self._clock(), False
        sent.waits &= set(range(len(self._rules.urls)))
        if sent.waits and (sent.again is None or now >= sent.again):
            # Written before as well: a message lost by a kill is worse than one that comes twice.
            self._save()
            body = sent.body
            if sent.tries:
                body += f"\n\nWritten {sent.at:%Y-%m-%d %H:%M}Z; it could not be delivered before."
            for position in sorted(sent.waits):
                if post(self._rules.urls[position], sent.title, body, sent.level):
                    arrived = True
                    sent.waits.discard(position)
                    sent.had.add(position)
                    self._save()
            if sent.waits:
                minutes = min(2 ** min(sent.tries, 9), _LONGEST_REST)
                sent.tries, sent.again = sent.tries + 1, now + timedelta(minutes=minutes)
                where = ", ".join(shown(n, self._rules.urls[n]) for n in sorted(sent.waits))
                _log.warning(
                    "The message %r could not be delivered to %s; again in %d minutes.",
                    subject,
                    where,
                    minutes,
                )
        if sent.over and not sent.waits:
            del self._subjects[subject]
        self._save()
        return arrived

    def _read(self) -> dict[str, _Sent]:
        try:
            return _STATE.validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is damaged"
            _log.warning("%s cannot be read (%s): messages may come again.", self._file, why)
            return {}

    def _save(self) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file, _STATE.dump_json(self._subjects), 0o600)
        except OSError as error:  # a full disk is just what people are to hear of
            _log.error("%s cannot be written: %s", self._file, error.strerror)


def post(url: str, title: str, body: str, level: Level) -> bool:
    """Send one message to one URL now; return whether its service took it. Raises nothing."""
    import apprise

    kinds = {Level.LOOK: apprise.NotifyType.WARNING, Level.BROKEN: apprise.NotifyType.FAILURE}
    service = _service(url)
    if service is None:
        return False
    sender = apprise.Apprise(asset=service.asset)
    sender.add(service)
    try:
        return bool(
            sender.notify(
                body=body,
                title=title,
                notify_type=kinds.get(level, apprise.NotifyType.SUCCESS),
                body_format=apprise.NotifyFormat.TEXT,
            )
        )
    except Exception as error:  # of any of its many services; the words may hold the URL
        _log.error("Apprise failed with %s at %s.", type(error).__name__, url.partition(":")[0])
        return False


def check_urls(urls: Sequence[str]) -> list[str]:
    """Return what is wrong with URLs, a sentence for each that is; nothing secret is in it."""
    problems = []
    for position, url in enumerate(urls):
        if url in urls[:position]:
            same = urls.index(url) + 1
            problems.append(f"{shown(position, url)}: the same stands at {same} already.")
        elif _service(url) is None:
            problems.append(f"{shown(position, url)}: {_why(url)}")
    return problems


def shown(position: int, url: str) -> str:
    """Return how a URL is named in errors and logs: by its position and its scheme."""
    scheme = re.match(r"[a-z][a-z0-9+.-]{0,19}(?=://)", url.strip(), re.IGNORECASE)
    return f"address {position + 1} ({scheme[0].lower() if scheme else '?'}://…)"


def _why(url: str) -> str:
    """Say why Apprise takes no such URL, by its list of services and their forms."""
    import apprise

    scheme, mark, _ = url.strip().lower().partition("://")
    forms: dict[str, Any] = {
        name: service["details"]["templates"]
        for service in apprise.Apprise().details()["schemas"]
        for name in (*(service["protocols"] or ()), *(service["secure_protocols"] or ()))
    }
    if not mark:
        return "it is no URL; write SERVICE://…, as Apprise does (mailtos://…, matrixs://…)."
    if scheme not in forms:
        close = difflib.get_close_matches(scheme, forms, 1)
        return "Apprise knows no such service" + (f"; {close[0]}://?" if close else ".")
    longest = max(forms[scheme], key=len).replace("{schema}", scheme)
    return f"Apprise does not take it. It should look like {longest}"


def _service(url: str) -> Any:
    """Return Apprise's object for a URL, or None if it takes none such."""
    import apprise

    for name in ("apprise", "urllib3"):  # what they log has paths of URLs in it: tokens
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    asset = apprise.AppriseAsset(
        app_id="cryptodrug",
        app_desc="cryptodrug",
        app_url="",
        image_url_mask="",  # else some services would fetch pictures from elsewhere
        image_url_logo="",
        async_mode=False,
    )
    return apprise.Apprise.instantiate(url.strip(), asset=asset)


def blanked(text: str) -> str:
    """Return a text as it may go out: without addresses and control characters, not too long."""
    return cut(_ADDRESS.sub("[address]", safe(text, lines=True)), _LONGEST)
