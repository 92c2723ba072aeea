"""Values that several records share: amounts, codes, moments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

DecimalString: TypeAlias = str
"""A number as a plain decimal string with a dot, such as ``4.97``: exactly the digits that the
page shows, without separators of thousands. No binary fraction ever stands between page and
database."""

CurrencyCode: TypeAlias = str
"""An ISO 4217 code (``EUR``, ``USD``) or a coin: ``BTC``, ``BCH``, ``LTC``, ``XMR``."""

PlaceCode: TypeAlias = str
"""An ISO 3166-1 alpha-2 code (``BE``, ``GB``; ``XK`` for Kosovo), or a region: ``WORLD``,
``EU`` (the European Union), ``EUROPE``, ``ASIA``, ``AFRICA``, ``NORTH_AMERICA``,
``SOUTH_AMERICA``, ``OCEANIA``, ``MIDDLE_EAST``; ``INTERNET`` for what is delivered online; or
``UNKNOWN`` for a place that is stated and not understood, which is a notice as well."""


class Money(NamedTuple):
    """An amount with its currency.

    Where one place of a page shows several currencies, ``฿0.00251 ($27)``, the first is the amount
    and the others are alternatives, where the record has room for them.
    """

    amount: DecimalString
    """The digits shown; amounts in mBTC or mBCH are turned into whole coins."""
    currency: CurrencyCode
    """The currency's or coin's code."""


def isoformat(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC, ``2018-11-19T12:00:00Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
