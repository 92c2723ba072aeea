"""Empire's menu is cached from page to page: never another page's, however it is damaged."""

from __future__ import annotations

import pytest

from parsers import parse_page

PAGE = """<html><head><title>Empire Market - Search</title></head><body>{above}
<div class="sub_head_inner_header"><i class="fa fa-search"></i></div>
<div class="left-content"><nav><ul class="mainmenu">{first}{items}</ul></nav></div>
<div class="right-content"></div></body></html>"""


def item(number: int, name: str) -> str:
    href = f"http://m.onion/category/categories/{number}"
    return (
        f'<li><input type="checkbox"><a href="{href}"><i></i>{name}<span>{number}</span></a></li>'
    )


@pytest.mark.parametrize(
    ("above", "first"),
    [
        ("", "<!-- </div> -->"),
        ("<!-- mainmenu </div> -->", ""),
        ('<!-- <ul class="mainmenu">' + item(9, "Old") + "</ul></div> -->", ""),
        ('<p title="mainmenu</div>"></p>', ""),
        ("", "<li title='</div>'></li>"),
    ],
)
def test_a_menu_is_the_pages_own(above: str, first: str) -> None:
    for names in (["Drugs", "Fraud"], ["Books", "Drugs", "Tools"], ["Drugs", "Fraud"]):
        items = "".join(item(n, name) for n, name in enumerate(names, 1))
        body = PAGE.format(above=above, first=first, items=items).encode()
        read = parse_page(body, market="empire", url="http://m.onion/search/x").categories
        assert [c.name for c in read] == names


def test_a_menu_in_a_mirror_is_taken_from_each_pages_own_address() -> None:
    body = PAGE.format(
        above="", first="", items='<li><a href="7.html"><i></i>A<span>1</span></a></li>'
    )
    for folder, ids in (("category/categories", ["7"]), ("u", []), ("category/categories", ["7"])):
        page = parse_page(body.encode(), market="empire", url=f"http://m.onion/{folder}/3.html")
        assert [c.external_id for c in page.categories] == ids
