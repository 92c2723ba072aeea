"""What the markets write, turned into values: places, money, dates, ages, quantities.

Every module here is pure (no I/O after import, no clock), takes any string whatever, and
answers None (or UNKNOWN for a place) rather than guess. Parsers import from the modules:

* :mod:`~cryptodrug_scraper.normalise.places`: place codes from names, codes and phrases
* :mod:`~cryptodrug_scraper.normalise.money`: amounts exactly as shown, with their currency
* :mod:`~cryptodrug_scraper.normalise.numbers`: whole numbers, decimals, number words
* :mod:`~cryptodrug_scraper.normalise.packages`: how much an offer is (`10 pills 250mg`)
* :mod:`~cryptodrug_scraper.normalise.dates`: dates and moments
* :mod:`~cryptodrug_scraper.normalise.ages`: "9d", "22:58", "about 3 hours ago"
"""
