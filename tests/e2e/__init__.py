"""What the tests of a whole crawl share: what is true, the same rows, connections, tables."""
