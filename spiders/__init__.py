"""How each market is walked: Scrapy spiders, one module a market."""
