"""How each market is walked: one module a market, found by Scrapy through its name.

A spider holds no field's selector; what a page states, links included, its parser reads.
"""
