"""Whole worlds in which something is known to be true, and the archives of their crawls.

A scenario is a file ``simulator/scenario/NAME.toml`` that says in numbers what is true in it:

- ``parameters`` reads the file; ``people`` says who sells where; ``goods`` what they sell;
- ``world`` is one market of it, for the markets' pages (a :class:`~..world.World`);
- ``crawls`` writes the pages that crawls of it capture straight to WARC files,
  into a ``folder`` in which they appear whole;
- ``truth`` says what a study of those crawls should find, worked out from the world itself.
"""
