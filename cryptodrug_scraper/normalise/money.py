"""Amounts of money exactly as a page shows them, each with its currency."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from cryptodrug_scraper.normalise.numbers import plain_decimal, shift
from cryptodrug_scraper.normalise.text import short, words
from cryptodrug_scraper.records import Money


class MoneyRead(NamedTuple):
    """The amounts of a text in page order; whether it says "about"; the unit that they buy."""

    amounts: tuple[Money, ...]
    approximate: bool
    unit: str | None = None


COINS = frozenset(("BTC", "BCH", "LTC", "XMR"))

# ISO 4217 as it is and as it was in the markets' years (LTL, RUR …), without metals, testing
# and funds codes; CNH is the yuan traded abroad.
CURRENCY_CODES = COINS | words(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD "
    "BTN BWP BYN BYR BZD CAD CDF CHF CLP CNH CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD "
    "EEK EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR "
    "ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD "
    "LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRO MRU MUR MVR MWK MXN MYR MZN NAD NGN "
    "NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RUR RWF SAR SBD SCR "
    "SDG SEK SGD SHP SLE SLL SOS SRD SSP STD STN SVC SYP SZL THB TJS TMM TMT TND TOP TRY "
    "TTD TWD TZS UAH UGX USD UYU UZS VEB VED VEF VES VND VUV WST XAD XAF XCD XCG XOF XPF "
    "YER ZAR ZMK ZMW ZWG ZWL"
)
"""Every currency code that an amount can have: ISO 4217, CNH and the four coins."""

_KRONE = "kr"  # of four countries: takes a code beside it

# Written before or after the amount; the value is the code and the power of ten to shift by.
_SIGNS: dict[str, tuple[str, int]] = {
    "$": ("USD", 0),
    "US$": ("USD", 0),
    "US $": ("USD", 0),
    "$US": ("USD", 0),
    "A$": ("AUD", 0),
    "AU$": ("AUD", 0),
    "AUS$": ("AUD", 0),
    "C$": ("CAD", 0),
    "CA$": ("CAD", 0),
    "CAN$": ("CAD", 0),
    "CDN$": ("CAD", 0),
    "NZ$": ("NZD", 0),
    "HK$": ("HKD", 0),
    "S$": ("SGD", 0),
    "SG$": ("SGD", 0),
    "NT$": ("TWD", 0),
    "MX$": ("MXN", 0),
    "R$": ("BRL", 0),
    "€": ("EUR", 0),
    "EURO": ("EUR", 0),
    "EUROS": ("EUR", 0),
    "£": ("GBP", 0),
    "GB£": ("GBP", 0),
    "¥": ("JPY", 0),
    "￥": ("JPY", 0),
    "円": ("JPY", 0),
    "JP¥": ("JPY", 0),
    "CN¥": ("CNY", 0),
    "元": ("CNY", 0),
    "RMB": ("CNY", 0),
    "₽": ("RUB", 0),
    "РУБ": ("RUB", 0),
    "₺": ("TRY", 0),
    "₹": ("INR", 0),
    "₩": ("KRW", 0),
    "₪": ("ILS", 0),
    "₴": ("UAH", 0),
    "₱": ("PHP", 0),
    "₫": ("VND", 0),
    "ZŁ": ("PLN", 0),
    "KČ": ("CZK", 0),
    "KR": (_KRONE, 0),
    "FR": ("CHF", 0),
    "SFR": ("CHF", 0),
    # coins: the baht sign was Bitcoin's on every market
    "฿": ("BTC", 0),
    "Ƀ": ("BTC", 0),
    "₿": ("BTC", 0),
    "XBT": ("BTC", 0),
    "BITCOIN": ("BTC", 0),
    "BITCOINS": ("BTC", 0),
    "BITCOIN CASH": ("BCH", 0),
    "Ł": ("LTC", 0),
    "LITECOIN": ("LTC", 0),
    "LITECOINS": ("LTC", 0),
    "Ɱ": ("XMR", 0),
    "MONERO": ("XMR", 0),
}
# Thousandths and millionths of a coin; told by the case of the first letter (MBTC is not mBTC).
_PARTS = {
    f"{prefix}{sign}": (code, power)
    for prefix, power in (("m", -3), ("µ", -6), ("μ", -6), ("u", -6))
    for sign, code in [
        ("BTC", "BTC"), ("Ƀ", "BTC"), ("฿", "BTC"), ("₿", "BTC"), ("XBT", "BTC"), ("btc", "BTC"),
        ("BCH", "BCH"), ("LTC", "LTC"), ("XMR", "XMR"), ("Ł", "LTC"),
    ]
}  # fmt: skip

# Codes that are no words when written in small letters.
_SMALL = words(
    "usd eur gbp aud cad chf nzd jpy cny cnh rub inr brl nok sek dkk pln czk huf hkd sgd mxn zar"
    " btc bch ltc xmr xbt"
)

_TOKEN = re.compile(
    r"""
    (?P<number>[0-9.,](?:[0-9.,'’]|\ (?=[0-9]{3}(?![0-9])))*
      (?:[eE][+-]?[0-9]{1,2}(?![0-9]))?[-–—]{0,2})
  | (?P<sign>(?:US|A(?:US?)?|C(?:AN?|DN)?|NZ|HK|SG?|NT|MX|R|GB|JP|CN)?\ ?[$£¥](?:US\b)?
      |[mµμu]?[฿Ƀ₿Ł]|[€￥円元₽₺₹₩₪₴₱₫ɱ])
  | (?P<about>[~≈≃≅∼]|(?:approx(?:imately)?|circa|ca|about|around|roughly)(?:\.|(?=[\ 0-9])))
  | (?P<part>[/|()\[\]=;]|,\ |\bor\b)
  | (?P<word>bitcoin\ cash\b|[^\W\d_]{2,9}(?:\.(?=\ ))?(?=[\W\d_]|$))
  | (?P<plus>\+)
  | (?P<space>\ )
    """,
    re.I | re.X,
)
_UNIT = re.compile(r"(?: ?/ ?|\b(?:per|pro|par|por) )([^/|()\[\]=;]{1,40})$|\b(each)$", re.I)


def _currency(word: str) -> tuple[str, int] | None:
    """Return the code and shift that a sign or code stands for."""
    word = word.rstrip(".")
    if result := _PARTS.get(word):
        return result
    upper = word.upper()
    if upper in CURRENCY_CODES and (word.isupper() or word.lower() in _SMALL):
        return upper, 0
    return _SIGNS.get(upper) or _SIGNS.get(upper.replace(" ", ""))


def _amount(number: str, currency: tuple[str, int]) -> Money | None:
    code, power = currency
    if code == _KRONE:
        return None
    amount = plain_decimal(number, lone_thousands="" if code in COINS else ".,")
    if amount is None:
        return None
    return Money(shift(amount, power) if power else amount, code)


def _merge(left: tuple[str, int] | None, right: tuple[str, int] | None) -> tuple[str, int] | None:
    """Return the one currency that stands on both sides of an amount (``$5.00 CAD`` is CAD)."""
    if left is None or right is None or left == right:
        return left or right
    if left == ("USD", 0) and right[0].endswith("D"):
        return right
    if _KRONE in (left[0], right[0]):
        code = left if right[0] == _KRONE else right
        return code if code[0] in ("DKK", "ISK", "NOK", "SEK") else None
    return None


def _part(
    numbers: list[str], signs: list[tuple[str, int]], order: str, default: str | None
) -> list[Money] | None:
    """Read the tokens of one part: ``n`` for a number, ``c`` for a currency, in order."""
    pairs: list[tuple[str, tuple[str, int] | None]]
    if order == "n":
        pairs = [(numbers[0], (default, 0) if default else None)]
    elif order in ("cnc", "ncc", "ccn"):
        merged = _merge(signs[0], signs[1])
        pairs = [(numbers[0], merged)]
    elif order in ("cn" * len(numbers), "nc" * len(numbers)):
        pairs = list(zip(numbers, signs, strict=True))
    else:
        return None
    result: list[Money] = []
    for number, currency in pairs:
        money = _amount(number, currency) if currency else None
        if money is None:
            return None
        result.append(money)
    return result


def _tokens(text: str, default: str | None) -> tuple[list[Money], bool] | None:
    """Read a text that holds nothing but amounts; None at the first thing that is anything else."""
    amounts: list[Money] = []
    approximate = False
    numbers: list[str] = []
    signs: list[tuple[str, int]] = []
    order = ""
    at = 0
    while at <= len(text):
        match = _TOKEN.match(text, at) if at < len(text) else None
        kind = match.lastgroup if match else None
        if match is None and at < len(text):
            return None
        if kind == "number" and match:
            numbers.append(match[0].rstrip(","))
            order += "n"
        elif kind in ("sign", "word") and match:
            sign = _currency(match[0])
            if sign is None:
                return None
            signs.append(sign)
            order += "c"
        elif kind == "about":
            approximate = True
        elif kind == "plus":
            if order not in ("", "c"):
                return None
        elif kind != "space" and order:  # a mark between parts, or the end
            read = _part(numbers, signs, order, default)
            if read is None:
                return None
            amounts += read
            numbers, signs, order = [], [], ""
        if match is None:
            break
        at = match.end()
    if not amounts or len({money.currency for money in amounts}) < len(amounts):
        return None  # "$5 / $6" is not one price in two currencies
    return amounts, approximate


@lru_cache(maxsize=32768)
def _read(text: str, default: str | None) -> MoneyRead | None:
    if not text or "−" in text:
        return None
    read = _tokens(text, default)
    if read:
        return MoneyRead(tuple(read[0]), read[1])
    tail = _UNIT.search(text)
    if not tail:
        return None
    unit = (tail[1] or tail[2]).strip()
    head = _tokens(text[: tail.start()], default)
    letters = [word for word in re.findall(r"[^\W\d_]+", unit) if len(word) > 1]
    if not head or not re.search(r"[^\W\d_]", unit) or any(_is_code(word) for word in letters):
        return None
    return MoneyRead(tuple(head[0]), head[1], unit)


def _is_code(word: str) -> bool:
    return word in CURRENCY_CODES or _SIGNS.get(word.upper()) is not None or word in _PARTS


def read_money(text: str, default_currency: str | None = None) -> MoneyRead | None:
    """Read the amounts that a text consists of, or None if anything else is in it.

    ``$1,250.00``, ``1.250,00 €``, ``~ $58``, ``USD + 20.00 / order`` (unit ``order``),
    ``฿0.000787 ($5.00)`` and ``0.40 BTC / 59.22 LTC`` (two amounts), ``3.2 mBTC``
    (``0.0032`` BTC). An amount is the digits shown as a plain decimal string. A lone dot or
    comma before exactly three digits parts thousands for ordinary money, if one to three
    digits stand before it and the first is not 0 (``$1.250`` is ``1250``), and is decimal for
    coins (``฿1.250``). ``$`` alone is USD, ``¥`` JPY, ``元`` CNY, ``฿`` BTC; "kr" needs a code.
    ``default_currency`` is that of an amount without any. Negative amounts, two different
    currencies around one amount, two
    amounts in one currency (a range), and texts of more than 200 characters are None.
    """
    cleaned = short(text)
    return _read(cleaned, default_currency) if cleaned else None
