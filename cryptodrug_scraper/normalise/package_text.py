"""Titles made ready for reading amounts: plain digits, and nothing that only looks like one."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from cryptodrug_scraper.normalise.numbers import in_words
from cryptodrug_scraper.normalise.package_words import PIECES, VOLUMES, WEIGHTS

_PART = r"[1-9]⁄(?:10|16|[2348])(?!\d)"
_NUMBER = rf"(?:[1-9]\d? ?{_PART}|{_PART}|\d+(?:[.,']\d+)*|[.,]\d+)"
TOKEN = re.compile(rf"{_NUMBER}|[^\W\d_]+|[^\w\s]|_")
_UNITS = "|".join(sorted([*WEIGHTS, *VOLUMES, *PIECES], key=len, reverse=True))
_MONEY_WORD = (
    r"(?:[€$£¥₿]|eur(?:os?|o)?\b|euros?\b|usd\b|gbp\b|aud\b|cad\b|chf\b|dollars?\b|bucks\b|quid\b"
    r"|btc\b|xmr\b|eu(?= ?(?:/|p/|per\b)))"
)
_MONEY = rf"(?:[€$£¥₿] ?{_NUMBER}k?|{_NUMBER}k? ?{_MONEY_WORD})"
_PER = r"(?:/|\bp/ ?|\bper\b|\ban?\b|\bpro\b|\bpar\b|\bje\b|\bpor\b|\bthe\b)"
_NOISE = re.compile(
    "|".join(
        (
            r"\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d",  # a date
            # 1.50 a gram, 24 eu/gr
            rf"(?:{_MONEY}|(?<![\w.,⁄])\d+(?:[.,]\d+)?) ?{_PER} ?(?:{_UNITS})\b",
            rf"{_MONEY}(?: ?(?:{_UNITS})\b(?! ?\d))?",  # £190 oz
            # 10g + 1g free; (+1 free 1ml cartridge)
            rf"(?:\+|\bplus\b|\bget\b|\band\b|&) ?{_NUMBER} ?[^\W\d]* ?(?:\w+ )?"
            r"(?:free|gratis|bonus|extra)\b(?:[^()+]*(?=\)))?",
            rf"{_NUMBER} ?(?:{_UNITS}) (?:free|gratis|bonus|for free)\b"
            r"(?! ?(?:ship|post|deliv|track|p&p))",
            rf"{_NUMBER} ?%(?: ?(?:off|discount))?",
            r"# ?\d+|\bn(?:o|r|°)\.? ?\d+\b",  # #4, Nr. 3
        )
    )
)
_CONCENTRATION = re.compile(
    rf"(?P<n>{_NUMBER}) ?(?P<u>mg|mcg|ug|μg|g) ?/ ?(?:{_NUMBER})? ?(?P<per>ml|l|hr?|hour|puff)\b"
)
_WORDS = (
    (re.compile(r"\b(?:8|eight|eigth|eighth) ?-?balls?\b"), " 3.5 g "),
    (re.compile(r"\bqp\b"), " 1⁄4 lb "),
    (re.compile(r"\b(?:an? )?zip of\b"), " 1 oz "),
    (re.compile(r"\b(?:a |one )?(?:half|halbe[sr]?|halve?|demi|media?)(?: an?| of an?)? ?-?"
                r"(?=(?:gram|gr|g|oz|ounce|unze|once|kilo|kg|pound|lb|pfund|lit)[a-z]*\b)"),
     " 1⁄2 "),
    (re.compile(r"\b(?:a |one )?quarter(?: of an?| an?)? ?-?"
                r"(?=(?:oz|ounce|pound|lb|kilo|kg)\w*\b)"),
     " 1⁄4 "),
    (re.compile(r"\b(?:an? |one )?eighth(?: of an?)? ?(?=oz\b|ounce)"), " 1⁄8 "),
    (re.compile(r"\b(?:an?|one|full|ein|une?) (?=(?:gram|gramm|gramme|ounce|oz|kilo|pound)\b)"),
     " 1 "),
)  # fmt: skip
_NUMBER_WORD = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|twenty|fifty|hundred|thousand)\b"
    rf"(?= (?:{_UNITS})\b)"
)
_HINT = re.compile(r"\d|[½¼¾⅛⅓⅔]|half|quarter|eighth|ball|zip|qp|gram|ounce|kilo|pound|halb|demi")
_NOT_A_NUMBER = re.compile(r"\d{16,}")
_VULGAR = re.compile(r"(?<=\d)(?=[½¼¾⅛⅓⅔⅜⅝⅞])")
_ODD = re.compile(r"\d st\.|\d\+ (?=mg|ug|μg|mcg)")  # 1000 St., 240+ mg
_SLASH = re.compile(r"(?<![\d./⁄])([1-9])/([2348]|10|16)(?![\d/⁄.,])")
_DROPPED = dict.fromkeys([0xFE0F, 0x20E3, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])


def clean(text: str) -> str:
    """Return a title in lower case, its digits and letters plain (`𝟑.𝟓𝐠`, `5️⃣`, `①` too)."""
    if not text.isascii():
        text = _VULGAR.sub(" ", text.replace("🔟", "10").replace("Â", " "))
        text = unicodedata.normalize("NFKC", text.translate(_DROPPED))
        text = re.sub("[×✕✖✗❌хХ](?=[ \\d]|$|\\b)", "x", text)
    text = _NOT_A_NUMBER.sub(" ", " ".join(text.lower().split()))
    text = _ODD.sub(lambda m: m[0][0] + (" stk" if "st" in m[0] else " "), text)
    return _SLASH.sub(r"\1⁄\2", text) if "/" in text else text


def number(raw: str, *, of_weight: bool) -> Decimal | None:
    """Return a number's value, or None where a mark could be decimal or part thousands."""
    if "⁄" in raw:
        whole, _, below = raw.replace(" ", "_").rpartition("⁄")
        ones, _, above = whole.rpartition("_")
        if not ones and len(above) > 1:  # 11⁄2 was 1½
            ones, above = above[:-1], above[-1]
        return Decimal(ones or 0) + Decimal(above) / Decimal(below)
    raw = raw.replace("'", "") if re.fullmatch(r"\d{1,3}(?:'\d{3})+", raw) else raw
    if re.fullmatch(r"[1-9]\d{0,2}(?:([.,])\d{3})(?:\1\d{3})*", raw):
        if of_weight and raw.count(".") + raw.count(",") == 1 and not raw.endswith(",000"):
            return None  # 1.000 g: one gram or one kilogram?
        return Decimal(re.sub("[.,]", "", raw))
    if re.fullmatch(r"\d*[.,]\d+|\d+", raw) and len(raw) < 16:
        return Decimal(raw.replace(",", "."))
    return None


def _volume_of_each(match: re.Match[str]) -> str:
    """Leave a concentration out, but for the volume that it names (`vials 500mg/10ml x5`)."""
    volume = re.search(r"([0-9]+) ?ml$", match[0])
    alone = match.string.count("ml") == 1
    return f" {volume[1]} ml " if volume and int(volume[1]) > 1 and alone else " ; "


def says_amount(text: str) -> bool:
    """Say whether a cleaned title can hold an amount at all."""
    return bool(_HINT.search(text))


def without_noise(text: str) -> tuple[str, list[Decimal]]:
    """Return a cleaned title without what only looks like an amount, and strengths in mg.

    Prices, percentages, dates, gifts and concentrations go; fractions and amounts in words
    (`half ounce`, `8 ball`) become numbers.
    """
    strengths: list[Decimal] = []
    for match in _CONCENTRATION.finditer(text):
        value = number(match["n"], of_weight=False)
        if match["per"].startswith("h") and value is not None:
            strengths.append(value * WEIGHTS[match["u"]] * 1000)
    text = _NOISE.sub(" ; ", _CONCENTRATION.sub(_volume_of_each, text))
    for pattern, instead in _WORDS:
        text = pattern.sub(instead, text)
    return _NUMBER_WORD.sub(lambda m: str(in_words(m[0]) or m[0]), text), strengths
