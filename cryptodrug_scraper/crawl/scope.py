"""Which categories a crawl is about; what is out of scope is neither followed nor kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from cryptodrug_scraper.crawl.frontier import Frontier
from cryptodrug_scraper.records import Category, ParsedPage

ALL = "all"


class Scope:
    """Decides by a category's path. Names are compared without regard to case.

    ``inside`` names categories whose whole subtree is in scope (``("all",)``: everything);
    ``outside`` names categories whose subtree is not, though they lie inside. What was learned
    of the category tree is kept in the frontier, so that a crawl that goes on knows it.
    """

    def __init__(
        self, inside: Sequence[str], outside: Sequence[str], frontier: Frontier | None = None
    ) -> None:
        self.inside = frozenset(name.casefold() for name in inside)
        self.outside = frozenset(name.casefold() for name in outside)
        self.everything = ALL in self.inside
        self._frontier = frontier
        self._paths: dict[tuple[int, str], tuple[str, ...]] = {}
        self._by_tail: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        if frontier is not None:
            for level, external_id, path in frontier.categories():
                self._keep(level, external_id, tuple(json.loads(path)))

    def learn(self, categories: Iterable[Category]) -> None:
        """Keep the categories that a page lists."""
        new = []
        for category in categories:
            level, path = len(category.path) - 1, tuple(category.path)
            if level >= 0 and self._paths.get((level, category.external_id)) != path:
                self._keep(level, category.external_id, path)
                new.append((level, category.external_id, json.dumps(path)))
        if new and self._frontier is not None:
            self._frontier.learn_categories(new)

    def _keep(self, level: int, external_id: str, path: tuple[str, ...]) -> None:
        self._paths[level, external_id] = path
        for start in range(len(path)):
            self._by_tail.setdefault(path[start:], set()).add(path)

    def path_of(self, external_id: str | None, level: int | None = None) -> tuple[str, ...] | None:
        """Return the path of a category by its id (and level, where levels number apart)."""
        if external_id is None:
            return None
        levels = range(8) if level is None else (level,)
        found = [self._paths[n, external_id] for n in levels if (n, external_id) in self._paths]
        return found[0] if len(found) == 1 else None

    def contains(self, path: Sequence[str]) -> bool | None:
        """Say whether a category is in scope; None if its path is not known to the top.

        ``path`` may be the last levels only, as cards show it.
        """
        if self.everything and not self.outside:
            return True
        if not path:
            return None
        known = self._by_tail.get(tuple(path))
        if not known:
            judged = self._judge(tuple(path))
            root = tuple(path[:1])
            return judged if judged or root in self._by_tail.get(root, ()) else None
        answers = {self._judge(one) for one in known}
        return answers.pop() if len(answers) == 1 else None

    def _judge(self, path: tuple[str, ...]) -> bool:
        names = {name.casefold() for name in path}
        return (self.everything or not names.isdisjoint(self.inside)) and names.isdisjoint(
            self.outside
        )

    def unknown_names(self) -> list[str]:
        """Return names that were asked for and that no category of the market has."""
        known = {name.casefold() for path in self._paths.values() for name in path}
        return sorted((self.inside | self.outside) - known - {ALL})

    def refuses(self, page: ParsedPage) -> bool:
        """Say whether a listing's own page is surely out of scope."""
        return page.kind == "listing" and any(
            self.contains(listing.category) is False for listing in page.listings[:1]
        )
