from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cryptodrug_scraper.normalise.money import COINS, CURRENCY_CODES, read_money
from cryptodrug_scraper.records import Money


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("$1,250.00", "1250.00", "USD"),
        ("1.250,00 €", "1250.00", "EUR"),
        ("CHF 1'250.00", "1250.00", "CHF"),
        ("$1’250.00", "1250.00", "USD"),
        ("1 234,56 €", "1234.56", "EUR"),
        ("1\xa0234,56\xa0€", "1234.56", "EUR"),
        ("USD 1 234.56", "1234.56", "USD"),
        ("$1,234,567.89", "1234567.89", "USD"),
        ("1.250.000 €", "1250000", "EUR"),
        ("฿0.0012", "0.0012", "BTC"),
        ("Ƀ0.0012", "0.0012", "BTC"),
        ("₿ 0.0012", "0.0012", "BTC"),
        ("USD 3,750.00", "3750.00", "USD"),
        ("USD + 0.00", "0.00", "USD"),
        ("€21.50", "21.50", "EUR"),
        ("21,50€", "21.50", "EUR"),
        ("0,5 €", "0.5", "EUR"),
        ("$3.1096000000000004", "3.1096000000000004", "USD"),
        ("mBTC 3.2", "0.0032", "BTC"),
        ("3.2 mBTC", "0.0032", "BTC"),
        ("mɃ3.20", "0.00320", "BTC"),
        ("m฿ 1250", "1.250", "BTC"),
        ("mBCH 12", "0.012", "BCH"),
        ("0.1 BCH", "0.1", "BCH"),
        ("59.222994 LTC", "59.222994", "LTC"),
        ("XMR 58.657907", "58.657907", "XMR"),
        ("A$5", "5", "AUD"),
        ("AU$ 5", "5", "AUD"),
        ("C$5", "5", "CAD"),
        ("CA$5.5", "5.5", "CAD"),
        ("US$ 5", "5", "USD"),
        ("US $5", "5", "USD"),
        ("NZ$5", "5", "NZD"),
        ("R$5", "5", "BRL"),
        ("£5", "5", "GBP"),
        ("¥500", "500", "JPY"),
        ("元 5", "5", "CNY"),
        ("CNH 5", "5", "CNH"),
        ("₺5", "5", "TRY"),
        ("₹5", "5", "INR"),
        ("NOK 5", "5", "NOK"),
        ("NOK 5 kr", "5", "NOK"),
        ("5 kr SEK", "5", "SEK"),
        ("$5.00 USD", "5.00", "USD"),
        ("$5.00 CAD", "5.00", "CAD"),
        ("$5 $", "5", "USD"),
        ("5 usd", "5", "USD"),
        ("0.5 Btc", "0.5", "BTC"),
        ("CHF 20.-", "20", "CHF"),
        ("20,- €", "20", "EUR"),
        ("$.5", "0.5", "USD"),
        ("1.0E-5 BTC", "0.000010", "BTC"),
        # a lone mark before exactly three digits
        ("$1,250", "1250", "USD"),
        ("1.250 €", "1250", "EUR"),
        ("$0.250", "0.250", "USD"),
        ("0,250 €", "0.250", "EUR"),
        ("$1250.500", "1250.500", "USD"),
        ("฿1.250", "1.250", "BTC"),
        ("1,250 BTC", "1.250", "BTC"),
        ("0.00312 BTC", "0.00312", "BTC"),
        ("$12,345.678", "12345.678", "USD"),
    ],
)
def test_one_amount(text: str, amount: str, currency: str) -> None:
    read = read_money(text)
    assert read is not None
    assert read == ((Money(amount, currency),), False, None)


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("฿0.000787 ($5.00)", [("0.000787", "BTC"), ("5.00", "USD")]),
        ("฿0.00251 ($27)", [("0.00251", "BTC"), ("27", "USD")]),
        ("$5 €4", [("5", "USD"), ("4", "EUR")]),
        ("$12.50, €11.00", [("12.50", "USD"), ("11.00", "EUR")]),
        ("BTC 1 = EUR 6829.4", [("1", "BTC"), ("6829.4", "EUR")]),
        (
            "0.402752 BTC / 59.222994 LTC / 58.657907 XMR",
            [("0.402752", "BTC"), ("59.222994", "LTC"), ("58.657907", "XMR")],
        ),
    ],
)
def test_several_amounts(text: str, amounts: list[tuple[str, str]]) -> None:
    read = read_money(text)
    assert read is not None
    assert list(read.amounts) == amounts


@pytest.mark.parametrize("text", ["~ $58", "~$58", "≈ $58", "about $58", "ca. $58", "approx. $58"])
def test_about(text: str) -> None:
    assert read_money(text) == ((Money("58", "USD"),), True, None)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("USD + 20.00 / order", "order"),
        ("USD 20.00/order", "order"),
        ("$20.00 / Piece", "Piece"),
        ("€20.00 per gram", "gram"),
        ("20.00 € / Stück", "Stück"),
        ("$20.00 each", "each"),
        ("$20.00 / 10 g", "10 g"),
    ],
)
def test_units(text: str, unit: str) -> None:
    read = read_money(text)
    assert read is not None
    assert read.unit == unit
    assert read.amounts[0].amount in ("20.00",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "$",
        "5",
        "free",
        "-5 USD",
        "$-5",
        "USD -5.00",
        "USD − 5.00",
        "USD - 5.00",
        "5 kr",
        "€5 USD",
        "$5 - $10",
        "$5 / $6",
        "5 EUR / USD",
        "$5 / 10",
        "$1,250,00",
        "$1,25,000.00",
        "$1.2.3",
        "$5 off",
        "all 5",
        "5 gold",
        "MBTC 5",
        "$5k",
        "$٥",
        "$" + "9" * 30,
        "$5" + " " * 3000,
        "$" * 150,
    ],
)
def test_none_rather_than_a_guess(text: str) -> None:
    assert read_money(text) is None


def test_default_currency() -> None:
    read = read_money("1'250.00", default_currency="USD")
    assert read is not None
    assert read.amounts == (("1250.00", "USD"),)
    read = read_money("1.250", "BTC")
    assert read is not None
    assert read.amounts == (("1.250", "BTC"),)
    read = read_money("€5", "USD")
    assert read is not None
    assert read.amounts == (("5", "EUR"),)


def test_codes() -> None:
    assert COINS <= CURRENCY_CODES
    assert {"USD", "EUR", "CNH", "RUB"} <= CURRENCY_CODES
    assert all(len(code) == 3 and code.isupper() for code in CURRENCY_CODES)


@given(st.text(max_size=250) | st.text("$€฿m0123.,' ~/()-+BTCUSD", max_size=60))
@example("\ud800$5")
@example("$" + "1," * 90)
def test_any_text(text: str) -> None:
    read = read_money(text, "EUR")
    if read:
        for amount, currency in read.amounts:
            assert currency in CURRENCY_CODES
            assert Decimal(amount) >= 0
            assert amount.replace(".", "", 1).isdigit()
            assert not amount.startswith(".")


_AMOUNTS = st.decimals(0, 10**12, places=2)


@given(_AMOUNTS, st.sampled_from(sorted(CURRENCY_CODES)))
def test_round_trip(amount: Decimal, code: str) -> None:
    plain = f"{amount:.2f}"
    english = f"{amount:,.2f}"
    german = english.replace(",", "_").replace(".", ",").replace("_", ".")
    for shown in (plain, english, german, english.replace(",", "'")):
        for text in (f"{code} {shown}", f"{shown} {code}", f"{code} + {shown} / order"):
            read = read_money(text)
            assert read is not None, text
            assert read.amounts == ((plain, code),)


@given(st.decimals(0, 10**5, places=5))
def test_thousandths_are_shifted_exactly(amount: Decimal) -> None:
    read = read_money(f"{amount:.5f} mBTC")
    assert read is not None
    assert Decimal(read.amounts[0].amount) == amount / 1000
    assert len(read.amounts[0].amount.partition(".")[2]) == 8
