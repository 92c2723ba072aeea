"""One way to ask, through Tor or on this machine: for a crawl, `fetch` and `session check`."""
