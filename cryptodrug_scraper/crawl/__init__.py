"""Live capture: the sessions and mirrors that a crawl uses, and the crawl itself."""
