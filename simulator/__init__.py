"""Markets that are gone, served again from a seeded world: for tests of crawls, and to try them.

- ``world`` says what is true: vendors, listings, prices, reviews, at any moment, from a seed;
- ``market_site`` is what a module in ``simulator.markets`` provides: its pages;
- ``truth`` writes what a crawl can find; ``server`` serves it, with ``sessions`` and ``faults``.
"""
