"""Which countries a measure takes."""

from __future__ import annotations

import pytest

from cryptodrug_scraper.study.periods import check_country


def test_countries_are_codes() -> None:
    assert [check_country(given) for given in ("BE", " gb ", "XK", None)] == [
        "BE", "GB", "XK", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("UK", "'UK' .* United Kingdom is GB"),
        ("Belgium", "'Belgium' .* Belgium is BE"),
        ("BEL", "'BEL' .* Belgium is BE"),
        ("ZZ", "'ZZ' is no country"),
        ("", "'' is no country"),
        ("EU", "'EU' is a region, not a country"),
        ("world", "'world' is a region, not a country"),
        ("INTERNET", "'INTERNET' is no country"),
        ("UNKNOWN", "'UNKNOWN' is no country"),
    ],
)
def test_what_is_no_code_is_refused_by_name(given: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_country(given)
