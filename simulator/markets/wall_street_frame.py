"""Wall Street Market: the frame of its pages, and its walls.

No saved page of it is public: this is the site as three crawlers of its time describe it, and
where they are silent, as plain as can be.
"""

from __future__ import annotations

from html import escape

from cryptodrug_scraper.records import Category
from simulator.market_site import CAPTCHA, Request, ShownPage, page_of
from simulator.tree import Node, Spot, Tree
from simulator.world import World
from simulator.writing import Writer

NAME = "wall_street"
TREE = Tree(
    Node("1", "Drugs", (
        Node("3", "Cannabis", (Node("9", "Buds & Flowers", good="weed"),
                               Node("10", "Hash", good="hash"),
                               Node("11", "Edibles", good="edible"))),
        Node("4", "Psychedelics", (Node("15", "LSD", good="lsd"),
                                   Node("16", "Mushrooms", good="mushroom"))),
        Node("6", "Ecstasy", (Node("31", "Pills", good="pill"), Node("32", "MDMA", good="mdma"))),
        Node("8", "Stimulants", (Node("40", "Cocaine", good="cocaine"),
                                 Node("41", "Speed", good="speed"),
                                 Node("42", "Meth", good="meth"))),
        Node("12", "Opiates", (Node("45", "Heroin", good="heroin"),)),
        Node("13", "Dissociatives", (Node("47", "Ketamine", good="ketamine"),)),
        Node("14", "Benzos", good="benzo"),
        Node("17", "Steroids", good="steroid"),
    )),
    Node("2", "Guides & Tutorials", (Node("21", "Drying and posting", good="guide"),)),
    Node("5", "Digital Goods", good="account"),
)  # fmt: skip

LEVELS = ("menuCatT", "menuCatM", "menuCatB")
FILTERS = ("catT", "catM", "catB")
ARROW = ' <i class="ionicons ion-ios-arrow-forward"></i> '
NO_LIMIT = '<i class="ionicons ion-ios-infinite"></i>'
_IMAGE = "data:image/jpeg;base64,/9j/4A=="


def icon(name: str) -> str:
    """Return an icon."""
    return f'<i class="ionicons ion-{name}"></i>'


def in_german(world: World) -> bool:
    """Say whether the account's language writes 1.250,00 and not 1'250.00."""
    return world.chance.happens(0.3, "language")


def count(world: World, number: int) -> str:
    """Return a whole number as the account's language writes it."""
    return f"{number:,}".replace(",", "." if in_german(world) else "'")


def frame(writer: Writer, content: str) -> str:
    """Return a page for one who is signed in."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Wall Street Market</title>\
<link rel="stylesheet" href="/css/app.css"></head>
<body>
  <nav class="navbar navbar-expand"><a class="navbar-brand" href="/index">WSM</a>
    <a href="/orders">Orders <span class="badge">0</span></a> <a href="/wallet">Wallet</a> \
<a href="/profile/reader">reader</a></nav>
<div class="content">
  <form action="/logout" method="post"><button type="submit">Log out</button></form>
  <div id="mCont">
    <form method="post" action="/index">
      <input type="hidden" name="menu[_token]" value="a1b2c3">
      <ol class="tree">
{_branch(writer, TREE.roots)}      </ol>
    </form>
  </div>
{content}</div>
<footer class="footer"><small>Wall Street Market</small></footer>
</body>
</html>
"""


def _branch(writer: Writer, spots: tuple[Spot, ...]) -> str:
    out = ""
    for spot in spots:
        number = writer.world.count_in(spot.low, spot.high, writer.at)
        writer.page.categories.append(Category(spot.number, spot.name, tuple(spot.path), number))
        name = LEVELS[spot.depth]
        writer.link("search", spot.number, "", f"/index#{name}={spot.number}")
        inside = f"<ol>\n{_branch(writer, spot.inside)}</ol>" if spot.inside else ""
        out += (
            f'<li><button name="{name}" value="{spot.number}">{escape(spot.name)} '
            f"{count(writer.world, number)}</button>{inside}</li>\n"
        )
    return out


# -- walls -----------------------------------------------------------------------------------


def _bare(content: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Wall Street Market</title>\
<link rel="stylesheet" href="/css/app.css"></head>
<body>
<div class="content">
{content}</div>
<footer class="footer"><small>Wall Street Market</small></footer>
</body>
</html>
"""


def login(request: Request) -> ShownPage:
    """Return the login form."""
    html = _bare(f"""  <form method="post" action="/login" class="form">
    <h3 class="wms_captcha_field wsm_pbc_headmod">Log In</h3>
    <input type="hidden" name="form[_token]" value="t0k3n"><input type="text" \
name="form[username]"><input type="password" name="form[password]">
    <img class="captcha_image" src="{_IMAGE}"><!-- {CAPTCHA} -->\
<input type="text" name="form[captcha]">
    <select name="form[language]"><option value="en">English</option>\
<option value="de">Deutsch</option></select>
    <select name="form[pictureQuality]"><option value="1">High</option></select>\
<select name="form[sessionLength]"><option value="43200">12 hours</option></select>
    <button type="submit">Log In</button>
  </form>
  <p><a href="/signup">Sign up</a></p>
""")
    return page_of(request, NAME, "login", html)


def challenge(request: Request) -> ShownPage:
    """Return the security check."""
    html = f"""<!DOCTYPE html>
<html><head><title>Security check</title></head><body>
<div class="wms_captcha_field"><form method="post" action="/index">\
<input type="hidden" name="form[_token]" value="x">
<img class="captcha_image" src="{_IMAGE}"><!-- {CAPTCHA} --><input id="captcha_input" \
name="form[captcha]"><button>OK</button></form></div>
</body></html>
"""
    return page_of(request, NAME, "challenge", html)


def refresh(request: Request) -> ShownPage:
    """Return a page that loads itself again."""
    html = f"""<!DOCTYPE html>
<html><head><meta http-equiv="refresh" content="1; url={escape(request.address)}">\
<title>Wall Street Market</title></head><body><p>One moment.</p></body></html>
"""
    return page_of(request, NAME, "challenge", html)


def missing(world: World, request: Request, what: str = "page") -> ShownPage:
    """Return what the market says of an offer or a user who is not there."""
    writer = Writer(NAME, "not_found", world, request)
    post = f'  <div class="alert alert-danger">This {what} does not exist.</div>\n'
    return ShownPage(frame(writer, post), writer.page)


def closed(request: Request) -> ShownPage:
    """Return the banner of those who seized it."""
    html = """<!DOCTYPE html>
<html><head><title>THIS HIDDEN SITE HAS BEEN SEIZED</title></head><body>
<h1>THE HIDDEN SITE WALL STREET MARKET HAS BEEN SEIZED</h1>
<p>by the authorities, as part of a joint operation.</p><img src="/banner.png" alt="">
</body></html>
"""
    return page_of(request, NAME, "error", html)
