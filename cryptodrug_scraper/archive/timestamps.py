"""Times as tables, browsers and servers write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from .when import StatedMoment, from_text, given, in_range

_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d))?")
_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,9})?")
_SCRIPT = re.compile(  # JavaScript's `String(new Date())`
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{1,2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT([+-])(\d\d)(\d\d)\b"
)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_UNITS = (10**17, 10**9), (10**14, 10**6), (10**11, 10**3)  # nano-, micro-, milliseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(value: object) -> StatedMoment | None:
    """Read a time however it is written; None if it is none, or of no year that can be.

    Understood are ISO 8601, the date of HTTP and mail headers, JavaScript's dates, 14 digits as in
    web archives (8: a day), and seconds since 1970 (or milli-, micro-, nanoseconds, as their size
    tells). Without a zone, a time is UTC.
    """
    try:
        moment = _read(value)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return moment if moment is not None and in_range(moment.at) else None


def _read(value: object) -> StatedMoment | None:
    if isinstance(value, date):  # or a datetime
        return given(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _since_1970(value)
    if isinstance(value, bytes):
        value = value.decode("ascii")
    if not isinstance(value, str):
        return None
    text = value.strip()[:200]
    if match := _DIGITS.fullmatch(text):
        parts = [int(part) for part in match.groups() if part is not None]
        if len(text) == 8:
            return given(date(*parts))
        return given(datetime(*parts, tzinfo=UTC))  # type: ignore[misc,arg-type]
    if _NUMBER.fullmatch(text):
        return _since_1970(float(text) if "." in text else int(text))
    if match := _SCRIPT.match(text):
        month, day, year, hour, minute, second, sign, *zone = match.groups()
        offset = timedelta(hours=int(zone[0]), minutes=int(zone[1]))
        at = datetime(
            int(year),
            _MONTHS.index(month) + 1,
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=timezone(-offset if sign == "-" else offset),
        )
        return given(at)
    iso = from_text(text.removesuffix(" UTC"))
    return iso if iso is not None else given(parsedate_to_datetime(text))


def _since_1970(number: float) -> StatedMoment | None:
    for least, unit in _UNITS:
        if abs(number) >= least:
            number /= unit
            break
    return given(_EPOCH + timedelta(seconds=number))
