"""A page as an item of Scrapy: what feeds and pipelines see is the record of the contract."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, KeysView
from dataclasses import dataclass, fields
from typing import Any

from itemadapter import ItemAdapter
from itemadapter.adapter import AdapterInterface

from cryptodrug_scraper.archive import Page
from cryptodrug_scraper.records import ParsedPage

_FIELDS = tuple(ParsedPage().to_dict())


@dataclass(slots=True)
class CapturedPage(ParsedPage):
    """What a page states, with the page as the archive holds it (None outside a crawl)."""

    capture: Page | None = None

    @classmethod
    def of(cls, parsed: ParsedPage, capture: Page | None) -> CapturedPage:
        """Return a page that was read, with its capture."""
        values = {each.name: getattr(parsed, each.name) for each in fields(ParsedPage)}
        return cls(**values, capture=capture)


class PageAdapter(AdapterInterface):
    """Shows a page as :meth:`~cryptodrug_scraper.records.ParsedPage.to_dict` does.

    What a pipeline sets is seen by those behind it, and not written into the page.
    """

    def __init__(self, item: ParsedPage) -> None:
        super().__init__(item)
        self._record: dict[str, Any] | None = None

    @property
    def _shown(self) -> dict[str, Any]:
        if self._record is None:
            self._record = self.item.to_dict()
        return self._record

    @classmethod
    def is_item_class(cls, item_class: type) -> bool:
        """Say whether this adapts a class."""
        return issubclass(item_class, ParsedPage)

    @classmethod
    def get_field_names_from_class(cls, item_class: type) -> list[str]:
        """Return the fields of the contract."""
        return list(_FIELDS)

    def field_names(self) -> KeysView[str]:
        """Return the fields of the contract."""
        return dict.fromkeys(_FIELDS).keys()

    def __getitem__(self, name: str) -> Any:
        return self._shown[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in _FIELDS:
            raise KeyError(f"a page has no field {name}")
        self._shown[name] = value

    def __delitem__(self, name: str) -> None:
        del self._shown[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shown)

    def __len__(self) -> int:
        return len(self._shown)


def adapt_pages() -> None:
    """Have Scrapy's feeds and everybody's pipelines see pages so."""
    if PageAdapter not in ItemAdapter.ADAPTER_CLASSES:
        ItemAdapter.ADAPTER_CLASSES = deque((PageAdapter, *ItemAdapter.ADAPTER_CLASSES))
