"""Titles made ready for reading amounts: plain digits, and nothing that only looks like one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal

from cryptodrug_scraper.normalise.numbers import in_words
from cryptodrug_scraper.normalise.package_words import PIECES, VOLUMES, WEIGHTS

_PART = r"[1-9]⁄(?:10|16|[2348])(?!\d)"
_NUMBER = rf"(?:[1-9]\d? ?{_PART}|{_PART}|\d+(?:[.,']\d+)*|[.,]\d+)"
TOKEN = re.compile(rf"{_NUMBER}|[^\W\d_]+|[^\w\s]|_")
_UNITS_SET = {*WEIGHTS, *VOLUMES, *PIECES}
_UNITS = "|".join(sorted(_UNITS_SET, key=len, reverse=True))
_MONEY_WORD = (
    r"(?:[€$£¥₿]|eur(?:os?|o)?\b|euros?\b|usd\b|gbp\b|aud\b|cad\b|chf\b|dollars?\b|bucks\b|quid\b"
    r"|btc\b|xmr\b|eu(?= ?(?:/|p/|per\b)))"
)
_MONEY = rf"(?:[€$£¥₿] ?{_NUMBER}k?|{_NUMBER}k? ?{_MONEY_WORD})"
_PER = r"(?:/|\bp/ ?|\bper\b|\ban?\b|\bpro\b|\bpar\b|\bje\b|\bpor\b|\bthe\b)"
_EXTRACT = r"(?:extra[ck]?[ck]ts?|extrakte?|extraits?|konzentrat|strength)\b"
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
_EIGHTH_OF = r"(?! ?(?:of )?(?:an? )?(?:oz|ounces?|lbs?|pounds?|kilos?|kg|g|gr|grams?|unzen?)\b)"
_MANY = {"half": "0.5", "a": "1", "an": "1", "one": "1", "two": "2", "three": "3", "four": "4"}


def _times(each: str) -> Callable[[re.Match[str]], str]:
    """Return what turns `two 8 balls` into grams and `half a dozen` into pieces."""

    def product(match: re.Match[str]) -> str:
        count = _MANY.get(match[1], match[1] or "1")
        return f" {Decimal(count) * Decimal(each):f}{' g ' if each == '3.5' else ' '}"

    return product


_Replacement = tuple[tuple[str, ...], re.Pattern[str], str | Callable[[re.Match[str]], str]]
_CONDITIONS: tuple[_Replacement, ...] = (
    # 20x extract, extract x 20: how strong it is; (FE for 4x): when to pay
    (("extra", "strength", "konzentrat"), re.compile(
        rf"(?:\bx ?|\b)\d+ ?x?(?= ?(?:salvia |kratom |standardi[sz]ed )?{_EXTRACT})"), " ; "),
    (("extra", "strength", "konzentrat"), re.compile(
        rf"({_EXTRACT}[,:]? ?)(?:x ?\d+\b|\d+ ?x\b)"), r"\1 ; "),
    (("fe ",), re.compile(
        r"\bfe (?:is )?(?:only )?(?:for|on|if|over|above|from|at) (?:orders? )?(?:of )?"
        r"(?:over |above )?\d+ ?x?\b\+?"), " ; "),
    (("salvia",), re.compile(r"(?<=salvia )\d+ ?x\b|\b\d+ ?x (?=salvia)"), " ; "),
    (("510",), re.compile(r"\b510(?= ?(?:thread|cart|batter|vape|pen))"), " ; "),
    (("9 bar", "9-bar", "nine bar"), re.compile(r"\b(?:9|nine)[ -]bar\b"), " ; "),
    ((" for ",), re.compile(r"\b[2-4] for [1-3]\b(?! ?[€$£])"), " ; "),
    (("top ",), re.compile(r"\btop \d+\b"), " ; "),
    (("price of",), re.compile(rf"\bfor (?:the )?price of {_NUMBER} ?[^\W\d]*"), " ; "),
)  # fmt: skip
_WORDS: tuple[_Replacement, ...] = (
    (("ball",), re.compile(
        r"(?<![\d.,⁄])(?:\b(half|an?|one|two|three|four|[1-9]) ?(?:an? )?(?:x )?)?"
        r"\b(?:8|eight|eigth|eighth) ?-?balls?\b"), _times("3.5")),
    (("dozen",), re.compile(
        r"(?<![\d.,⁄])(?:\b(half|an?|one|two|three|four|\d{1,3}) (?:an? )?)?\bdozens?\b"),
     _times("12")),
    (("qp", "hp"), re.compile(r"(?<![\d⁄])(?<![\d⁄] )(?<!x )\b(q|h)p\b"), r" 1 \1p "),
    (("eighth", "1⁄8"), re.compile(
        rf"\b(?:an? |one )?(?:eighth|1⁄8(?:th)?)\b{_EIGHTH_OF}"), " 1⁄8 oz "),
    (("zip of",), re.compile(r"\b(?:an? )?zip of\b"), " 1 oz "),
    (("er",), re.compile(
        r"\b(\d+)er\b(?: ?-?(?:pack(?:ung)?|blister|set|streifen)\b)?"), r"\1 x "),
    (("hal", "demi", "medi"), re.compile(
        r"\b(?:a |one )?(?:half|halbe[sr]?|halve?|demi|media?)(?: an?| of an?)? ?-?"
        r"(?=(?:gram|gr|g|oz|ounce|unze|once|kilo|kg|pound|lb|pfund|lit)[a-z]*\b)"), " 1⁄2 "),
    (("quarter", "qtr"), re.compile(
        r"\b(?:a |one )?(?:quarter|qtr)(?: of an?| an?)? ?-?"
        r"(?=(?:oz|ounce|pound|lb|kilo|kg)\w*\b)"),
     " 1⁄4 "),
    (("eighth",), re.compile(
        r"\b(?:an? |one )?eighth(?: of an?)? ?(?=oz\b|ounce)"), " 1⁄8 "),
    (("gram", "ounce", "oz", "kilo", "pound"), re.compile(
        r"\b(?:an?|one|full|ein|une?) (?=(?:gram|gramm|gramme|ounce|oz|kilo|pound)\b)"), " 1 "),
)  # fmt: skip
_NUMBER_WORD = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|twenty|fifty|hundred|thousand)\b"
    rf"(?= (?:{_UNITS})\b)"
)
_HINT = re.compile(
    r"\d|[½¼¾⅛⅓⅔]|half|quarter|eighth|ball|zip|\b[qh]p\b|gram|ounce|kilo|pound|halb|demi|\b(?:oz|lb)\b"
    r"|\b(?:two|three|four|five|ten|dozen|twenty|fifty|hundred|thousand)\b"
)
_LONE_UNIT = "gram|gramm|gramme|ounce|kilo|pound|zip"
_LONE = re.compile(
    rf"^\W*({_LONE_UNIT}|oz|lb|unze)(?: of)? (?=[^\W\d])|(?<!per )(?<!the )(?<!/)(?<!/ )"
    rf"\b({_LONE_UNIT}) of (?=[^\W\d])|(?<=[^\W\d] )({_LONE_UNIT}|oz|lb)\W*$"
)
_DIGIT = re.compile(r"\d")
_NOT_A_NUMBER = re.compile(r"\d{16,}")
_VULGAR = re.compile(r"(?<=\d)(?=[½¼¾⅛⅓⅔⅜⅝⅞])")
_ODD = re.compile(r"\d st\.|\d\+ (?=mg|ug|μg|mcg)|\dmg\+")  # 1000 St., 240+ mg, 250mg+
_GROUPED = re.compile(r"(?<![\d.,])([1-9]\d?) (000)\b(?! ?(?:mg|ug|g)\b)")  # 10 000 pills
_COUNTED = re.compile(r"(?<![\w.,])(\d+)x(?=[^\W\d_]{3,})")  # 5xxtc
_POURED = re.compile(r"sirup|syrup|drank|\blean\b|codeine|promethazine|cough")
_FLUID = re.compile(rf"{_NUMBER} ?(?:fl\.? ?)?oz\b")
_SLASH = re.compile(
    r"(?<![\d./⁄])(1(?=/(?:[2348]|1[06]))|2(?=/3)|3(?=/[48])|[57](?=/8))/([2348]|1[06])(?![\d/⁄.,])"
)
_DROPPED = dict.fromkeys([0xFE0F, 0x20E3, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])
_SLUG = re.compile(r"[\w.,%+()&]+(?:-[\w.,%+()&]+){2,}")
_SLUG_DECIMAL = re.compile(r"(?<=-)(0-\d{1,3}|[1-9]-(?:5|25|75))(?=(?:mg|g|gr|grams?|oz|kg|ml)\b)")
_SLUG_MARK = re.compile(
    rf"(?<!\d)-|(?<=\d)-(?=(?:{_UNITS}|{_MONEY_WORD})(?:-|$))|(?<=\d\d)-(?=[^\W\d])"
)
_BUY = re.compile(
    rf"\bbuy ({_NUMBER}) ?([^\W\d]*?) ?(?:and )?get (?:\d+|one|two) ?[^\W\d]*? ?(?:free|gratis)\b"
)
_PLUS_FREE = re.compile(rf"(?<![\w.,])({_NUMBER}) ?\+ ?\d+ ?(?:free|gratis|bonus|extra)\b")


def _unslugged(text: str) -> str:
    """Return a title that was an address's last part (`xanax-2mg-100-bars`) with its spaces."""
    text = _SLUG_DECIMAL.sub(lambda m: m[0].replace("-", "."), text)
    return _SLUG_MARK.sub(" ", text)


def _offer(match: re.Match[str]) -> str:
    return f"{match[1]} {match[2]} " if match[2] in _UNITS_SET else f"{match[1]} x {match[2]} "


def _evened(match: re.Match[str]) -> str:
    odd = match[0]
    return odd[0] + (" stk" if "st" in odd else "mg " if "mg" in odd else " ")


def clean(text: str) -> str:
    """Return a title in lower case, its digits and letters plain (`𝟑.𝟓𝐠`, `5️⃣`, `①` too)."""
    if not text.isascii():
        text = _VULGAR.sub(" ", text.replace("🔟", "10").replace("Â", " "))
        text = unicodedata.normalize("NFKC", text.translate(_DROPPED))
        text = re.sub("[×✕✖✗❌хХ](?=[ \\d]|$|\\b)", "x", text)
    text = _NOT_A_NUMBER.sub(" ", " ".join(text.lower().split()))
    if " " not in text and _SLUG.fullmatch(text):
        text = _unslugged(text)
    text = _ODD.sub(_evened, text)
    if " 000" in text:
        text = _GROUPED.sub(r"\1\2", text)
    text = _COUNTED.sub(r"\1 x ", text)
    if "/" in text:
        text = _SLASH.sub(r"\1⁄\2", text).replace("⁄8th", "⁄8").replace("⁄4th", "⁄4")
    return text


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


def _replaced(text: str, replacements: tuple[_Replacement, ...]) -> str:
    """Make the replacements of which one of the words is in the text."""
    for keywords, pattern, instead in replacements:
        for keyword in keywords:
            if keyword in text:
                text = pattern.sub(instead, text)
                break
    return text


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
    if "oz" in text and _POURED.search(text):
        text = _FLUID.sub(" ; ", text)  # of fluid, and no weight
    if "free" in text or "gratis" in text or "bonus" in text:
        text = _PLUS_FREE.sub(r"\1 ", _BUY.sub(_offer, text))
    text = _replaced(text, _CONDITIONS)
    text = _NOISE.sub(" ; ", _CONCENTRATION.sub(_volume_of_each, text))
    text = _replaced(text, _WORDS)
    text = _NUMBER_WORD.sub(lambda m: str(in_words(m[0]) or m[0]), text)
    if not _DIGIT.search(text):
        text = _LONE.sub(lambda m: f" 1 {m[1] or m[2] or m[3]} ", text, count=1)
    return text, strengths
