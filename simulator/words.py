"""The words of the world: goods, handles, places, what vendors promise and buyers say."""

from __future__ import annotations

from typing import NamedTuple


class Good(NamedTuple):
    """What is sold: its names, how it is counted, and what one unit costs in US cents."""

    names: tuple[str, ...]
    unit: str  # of the quantity in a title: g, pills, …
    each: str  # of a price: Gram, Piece
    cents: int
    digital: bool = False


GOODS: dict[str, Good] = {
    "weed": Good(("Amber Haze", "Lemon Kush", "Polar Skunk", "Velvet Diesel"), "g", "Gram", 950),
    "hash": Good(("Dry Sift", "Pressed Pollen", "Black Temple Hash"), "g", "Gram", 1100),
    "edible": Good(("Cocoa Bar", "Honey Gummies"), " pcs", "Piece", 700),
    "mdma": Good(("MDMA Crystal", "Champagne MDMA"), "g", "Gram", 1900),
    "pill": Good(("Blue Anchor XTC", "Red Lantern XTC", "Green Comet XTC"), " pills", "Piece", 480),
    "cocaine": Good(("Flake", "Uncut Cocaine", "Fishscale"), "g", "Gram", 7200),
    "speed": Good(("Wet Paste", "Dry Sulphate"), "g", "Gram", 800),
    "meth": Good(("Clear Shards",), "g", "Gram", 5200),
    "ketamine": Good(("Ketamine Needles", "S-Ketamine"), "g", "Gram", 2900),
    "lsd": Good(("Paper Blotters", "Needlepoint LSD"), " tabs", "Piece", 520),
    "mushroom": Good(("Dried Mushrooms", "Golden Caps"), "g", "Gram", 630),
    "heroin": Good(("Brown Powder", "White #4"), "g", "Gram", 6100),
    "benzo": Good(("Bars 2mg", "Diazepam 10mg"), " pills", "Piece", 210),
    "steroid": Good(("Testosterone Vial",), " vials", "Piece", 3900),
    "guide": Good(("Gardening Guide", "Notes on Parcels"), " pdf", "Piece", 499, digital=True),
    "account": Good(("Film Account",), " pcs", "Piece", 350, digital=True),
}

MARKS = (
    "", "", "", " – top shelf", " ★ lab tested ★", " & free sample", " <new batch>", " (escrow)",
    " // fast", " „Premium“", " ❄", " 'as advertised'", " [SALE]", " 100% pure", " żółty",
    " — A+", " 🍀 'fresh'", " =2+3", " <script>alert(1)</script>", " 2 / 3 pack",
)  # fmt: skip

FIRST = (
    "Amber", "Blue", "Cedar", "Delta", "Echo", "Fen", "Grey", "Harbour", "Iron", "Juniper",
    "Kestrel", "Lunar", "Moss", "Nordic", "Ochre", "Polder", "Quiet", "River", "Silent", "Tidal",
    "Thé", "Umber", "Velvet", "Willow", "Young", "Zephyr", "brave", "cold", "dutch", "early",
    "fine",
)  # fmt: skip
SECOND = (
    "Anchor", "Baker", "Courier", "Dove", "Elm", "Farm", "Garden", "Heron", "Island", "Jay",
    "Kite", "Lantern", "Mill", "North", "Otter", "Post", "Quarter", "Reed", "Stone", "Trader",
    "Union", "Valley", "Works", "Yard", "Zone", "Straße", "labs", "crew", "shop", "direct", "4you",
)  # fmt: skip

PLACES = {
    "BE": "Belgium", "NL": "Netherlands", "DE": "Germany", "GB": "United Kingdom", "FR": "France",
    "US": "United States", "CA": "Canada", "AU": "Australia", "ES": "Spain", "PL": "Poland",
    "AT": "Austria", "SE": "Sweden",
}  # fmt: skip
"""Where vendors live, by code; Belgium twice as often, since the study is about it."""
HOMES = ("BE", *PLACES)

DESCRIPTIONS = (
    "Shipped the next working day.\nVacuum sealed twice.",
    "We answer within a day.\n\nPrice is for one unit; ask for more.",
    "Old stock: /viewProduct?offer=1.2 and /offer/1 and /product/1/2/3 are gone.",
    "Ships from: the moon.\nPayment: Escrow only!\nPrice: $1.00",
    '100% > 99%, isn\'t it?  "Best" of 2018 & after.\n* stealth\n* speed\n* smiles :)',
    '=HYPERLINK("http://x.example")\n<b>bold</b> &amp; <script>alert(1)</script>\n\u200b.',
    "Größe: klein. Qualité: élevée. Цена: честная.",
)

TERMS = (
    "No refund without tracking.\nReship once, after 14 days.",
    "50% refund for buyers with > 5 orders.",
    "Please encrypt your address with our key.\nWe do not finalize early & never will.",
)

PROFILES = (
    "A small shop with a long memory.\nRead the terms first.",
    "Since 2015. Known from other places under the same name; check the key!",
    "Mo-Fr: daily posting <weather permitting>.\n\nVendor level 99, Ratings 5/5, http://example.onion/u/nobody",
)

SAID = (
    "Good", "Fast and as described.", "Took nine days, but all is well.", "A bit under weight :(",
    "5* again & again", "Nothing came, and no answer.", "Great stealth!\nWill be back.",
    "très bien, merci", "<3", "A+++", "ok", "=1+1", "@SUM(A1)", "5 stars (4.00)", "👍🏽",
    "3 hours ago", "-----BEGIN PGP MESSAGE-----", "No feedback at all from the vendor, \"odd\".",
    "Well packed; 2 of 10 broken.",
)  # fmt: skip
