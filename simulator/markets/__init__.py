"""How each market looked: one module a market, found through a registry.

A module with a ``SITE`` (see ``simulator.market_site``) is one; its name is the
market's. It renders pages together with the records that a parser must read from them, and
knows nothing of the parsers: both stand on what is known of the site, and tests compare them.
"""
