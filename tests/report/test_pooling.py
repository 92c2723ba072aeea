"""What is taken together tells nothing of its parts."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.report.pooling import ABROAD, REGIONS, Places, joined, region_of
from cryptodrug_scraper.report.selling import EDGES, LIMIT, wider_edges

SETS = st.lists(st.frozensets(st.integers(0, 15), max_size=12), min_size=6, max_size=6)


@settings(deadline=None)
@given(SETS, st.integers(2, 5))
def test_no_band_follows_from_wider_ones(vendors: list[frozenset[int]], threshold: int) -> None:
    """Neither a wide band nor a sum or difference of wide bands is a band of few vendors."""
    chosen = wider_edges(vendors, EDGES, threshold)
    cuts = [0, *(EDGES.index(edge) + 1 for edge in chosen), len(vendors)]
    shown = [len(frozenset().union(*vendors[a:b])) for a, b in pairwise(cuts)]
    if chosen:
        assert all(count == 0 or count >= threshold for count in shown)
    else:
        shown, cuts = [], [0, len(vendors)]  # no table: only what all sales together are
    sums = np.array([[a <= n < b for n in range(len(vendors))] for a, b in pairwise(cuts)], float)
    for n, each in enumerate(vendors):
        if not 0 < len(each) < threshold:
            continue
        unit = np.zeros((1, len(vendors)))
        unit[0, n] = 1
        # If it were a combination of what is shown, it would add nothing to the rank.
        assert np.linalg.matrix_rank(np.vstack([sums, unit])) > np.linalg.matrix_rank(sums)


@pytest.mark.parametrize(
    ("counts", "chosen"),
    [
        ((9, 9, 9, 9, 9, 9), EDGES),
        ((9, 9, 9, 9, 9, 0), EDGES),
        ((9, 9, 9, 9, 3, 2), (50, 100, 200, 500)),  # five together from 500
        ((9, 9, 9, 9, 2, 1), (50, 100, 200)),
        ((9, 9, 1, 9, 9, 9), (50, 200, 500, 1000)),  # the limit stays
        ((1, 1, 1, 1, 0, 0), ()),
    ],
)
def test_as_many_bands_as_small_numbers_leave(counts: tuple[int, ...], chosen: object) -> None:
    ids = iter(range(100))
    sets = [frozenset(next(ids) for _ in range(count)) for count in counts]
    assert wider_edges(sets, EDGES, 5) == chosen
    assert LIMIT in EDGES


def places_of(sets: dict[str, set[int]], total: int) -> Places:
    rows = [(100 * n + v, v, place) for n, (place, of) in enumerate(sets.items()) for v in of]
    return Places(pd.DataFrame(rows, columns=["listing_id", "vendor_id", "place"]), range(total))


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from("ABC"), st.sets(st.integers(0, 7), min_size=1, max_size=7), min_size=1
    ),
    st.integers(2, 4),
)
def test_of_places_together_none_is_known(sets: dict[str, set[int]], threshold: int) -> None:
    """However the vendors may lie, each hidden count could be another, by what a reader knows."""
    small = {place: len(of) for place, of in sets.items() if len(of) < threshold}
    got = joined(places_of(sets, 20), small, threshold)
    if got is None:
        return
    union = got["vendors"]
    assert union >= threshold
    # Counts that make such a union: none larger than it, and all together no smaller.
    could = [
        guess
        for guess in product(range(1, threshold), repeat=len(small))
        if max(guess) <= union <= sum(guess)
    ]
    for n in range(len(small)):
        assert len({guess[n] for guess in could}) > 1


def test_few_who_name_none_of_them_are_not_given_away() -> None:
    sets = {"LU": {0, 1, 2}, "AT": {3, 4, 5}, "NL": set(range(8))}
    counts = {"LU": 3, "AT": 3}
    assert joined(places_of(sets, 20), counts, 5) == {"vendors": 6, "listings": 6}
    assert joined(places_of(sets, 9), counts, 5) is None  # three name neither
    assert joined(places_of(sets, 20), {"LU": 3}, 5) is None


def test_regions_as_a_country_sees_them() -> None:
    seen = [region_of(place, "BE", REGIONS) for place in ("BE", "NL", "EU", "US", "WORLD", "")]
    assert seen == ["home", "europe", "europe", "elsewhere", "WORLD", ""]
    seen = [region_of(place, "BE", ABROAD) for place in ("BE", "NL", "WORLD", "")]
    assert seen == ["home", "abroad", "abroad", ""]
    wide = places_of({"NL": {1, 2}, "LU": {2, 3}, "US": {4}}, 9).within("BE", REGIONS)
    assert {place: len(one.vendors) for place, one in wide.table().items()} == {
        "europe": 3, "elsewhere": 1,
    }  # fmt: skip
