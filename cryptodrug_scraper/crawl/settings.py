"""Scrapy's settings of this project; `scrapy crawl` from a checkout finds them by scrapy.cfg.

All that is of a crawl is set by the add-on: see it for the components and their order.
"""

BOT_NAME = "cryptodrug"
SPIDER_MODULES = ["spiders"]
NEWSPIDER_MODULE = "spiders"
ADDONS = {"cryptodrug_scraper.crawl.addon.CrawlAddon": 100}
TWISTED_REACTOR_ENABLED = False
LOG_LEVEL = "INFO"
