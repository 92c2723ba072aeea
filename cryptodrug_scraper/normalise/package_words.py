"""The words of amounts: units of weight and volume, what is counted, in several languages."""

from __future__ import annotations

from decimal import Decimal

from cryptodrug_scraper.normalise.text import words

G, OZ, LB = Decimal(1), Decimal("28.349523"), Decimal("453.59237")
MG, UG = Decimal("0.001"), Decimal("0.000001")
WEIGHTS: dict[str, Decimal] = {
    **dict.fromkeys(
        words(
            "g gr grs gm gms grm grms gram grams gramm gramme grammes grammi grammo gramo gramos"
            " grama gramas gramms г гр грамм"
        ),
        G,
    ),
    **dict.fromkeys(words("mg mgs mgr milligram milligrams milligramm milligrammes"), MG),
    **dict.fromkeys(
        words("ug μg mcg mcgs mic mics ugs microgram micrograms mikrogramm microgrammes"), UG
    ),
    **dict.fromkeys(words("kg kgs kilo kilos kilogram kilograms kilogramm кг"), Decimal(1000)),
    **dict.fromkeys(words("oz ozs ounce ounces unze unzen zip zips"), OZ),
    **dict.fromkeys(words("lb lbs pound pounds pfund"), LB),
    **dict.fromkeys(words("hp hps"), LB / 2),
    **dict.fromkeys(words("qp qps"), LB / 4),
}
VOLUMES: dict[str, Decimal] = {
    **dict.fromkeys(words("ml mls milliliter millilitre milliliters millilitres"), Decimal(1)),
    **dict.fromkeys(words("cl"), Decimal(10)),
    **dict.fromkeys(words("l lt ltr liter liters litre litres"), Decimal(1000)),
}
PILLS = words(
    "pill pills pils pilz pille pillen pilule pilules pilula pilulas pastilla pastillas pastille"
    " pastilles tab tabs tablet tablets tablette tabletten tablettes tabletas tabletten cap caps"
    " capsule capsules kapsel kapseln capsulas blotter blotters trip trips hit hits ticket tickets"
    " stamp stamps papers bar bars pellet pellets tabl tabls tbl tbls patch patches pflaster"
    " lozenge lozenges sticks gelules gélules gélule gelule tabletter kapsler tabletki compresse"
    " suppositories geltabs gummies gummy microdots comprimidos comprimes film films strip strips"
)
PIECES = PILLS | words(
    "pc pcs pce pieces piece stk stuck stück stuks stuk units unit unidades sachet sachets"
    " xtc ecstasy joint joints blunts blunt bags cigarettes preroll prerolls cart carts cartridge"
    " cartridges vial vials amp amps"
    " ampoule ampoules ampullen bottle bottles seed seeds samen zaden graines charger chargers"
    " pen pens baggie baggies count ct doses dose dosen cookies brownies edibles syringes pods"
)
# Words between a number and what it counts that make it count something else.
STOP = words(
    "x free extra bonus gratis day days hour hours week weeks month months year years h hr hrs"
    " and or to for with from the in on of per a an ship shipping day off star stars new total"
    " sale min max only best next plus tracking pure grade left k m"
)
HOLDERS = words("pack packs packet box bag blister sheet sheets bottle lot set tray")
MANY = words("strips blisters packs boxes bags sheets bottles")
CONTAINERS = MANY | HOLDERS | words("strip strips bags bag bottles")
FROM = words("min minimum from ab min. starting vanaf desde")
TO_MARKS = words("- – — − ~ to till til until bis tot")
NOT_OF_PIECES = frozenset(("film", "films", "trip", "cookies", "ticket"))
POWDER = words(
    "powder pulver poudre poeder polvo raw hcl hydrochloride complexed freebase crystal"
    " crystals kristall kristalle"
)
# Names that a number of their own follows: Mac 1, Gelato 41.
NUMBERED = words("mac gelato gg ak chem xj rs area formula studio")
# What stands between a number and a hyphen's place in a name: 4 AcO DMT, 3 MMC.
IN_NAMES = words(
    "aco ho meo mmc cmc mec emc fa fma fmp fpm apb mapb dck fdck oxo fluoro methyl mar"
)
