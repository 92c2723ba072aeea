"""The page doctor: how a page was understood, and what on it nobody used.

For whoever keeps a parser up with its market. :func:`examine` runs the very parser that a
replay runs, with its readings written down, then looks in a tree of BeautifulSoup's for where
each text stands, and for the labels and values that no reading took.
"""

from cryptodrug_scraper.doctor.examine import Examination, examine
from cryptodrug_scraper.doctor.fields import FieldSource
from cryptodrug_scraper.doctor.unused import UnusedText

__all__ = ["Examination", "FieldSource", "UnusedText", "examine"]
