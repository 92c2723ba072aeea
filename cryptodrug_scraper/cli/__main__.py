"""``python -m cryptodrug_scraper.cli`` is ``cryptodrug``."""

from cryptodrug_scraper.cli import main

if __name__ == "__main__":
    main()
