"""Empire Market: the frame of its pages, and its walls."""

from __future__ import annotations

from html import escape

from cryptodrug_scraper.records import Category, ExchangeRate
from simulator.chance import Chance
from simulator.market_site import CAPTCHA, Request, ShownPage, page_of
from simulator.tree import Node, Spot, Tree
from simulator.world import World
from simulator.writing import Writer

NAME = "empire"
TREE = Tree(
    Node("1", "Fraud", good="account"),
    Node("2", "Drugs & Chemicals", (
        Node("20", "Cannabis & Hashish", (Node("73", "Buds & Flowers", good="weed"),
                                          Node("76", "Hash", good="hash"),
                                          Node("78", "Edibles", good="edible"))),
        Node("21", "Ecstasy", (Node("80", "MDMA", good="mdma"), Node("81", "Pills", good="pill"))),
        Node("22", "Psychedelics", (Node("115", "DMA / DOX / LSD", good="lsd"),
                                    Node("116", "Mushrooms", good="mushroom"))),
        Node("24", "Stimulants", (Node("66", "Cocaine", good="cocaine"),
                                  Node("67", "Speed", good="speed"),
                                  Node("68", "Meth", good="meth"))),
        Node("25", "Opioids", (Node("69", "Heroin", good="heroin"),)),
        Node("26", "Dissociatives", (Node("70", "Ketamine", good="ketamine"),)),
        Node("27", "Benzos", good="benzo"),
        Node("28", "Steroids", good="steroid"),
    )),
    Node("3", "Guides & Tutorials", (Node("31", "Other Guides", good="guide"),)),
)  # fmt: skip

_COINS = (("Bitcoin", "BTC"), ("Litecoin", "LTC"), ("Monero", "XMR"))
_CURRENCIES = {
    "USD": "United States Dollar",
    "CAD": "Canadian Dollar",
    "EUR": "Euro",
    "AUD": "Australian Dollar",
    "GBP": "British Pound",
}


def clock(writer: Writer) -> str:
    """Return the market's clock, and note it."""
    at = writer.at
    writer.page.page_time = at.replace(microsecond=0)
    return f"{at:%A, %b} {at.day}, {at:%Y %H:%M:%S}"


def frame(writer: Writer, title: str, path: str, left: str, content: str) -> str:
    """Return a page: head, navigation, path, left column, content, clock."""
    root = writer.request.root
    strip = "".join(
        f'<li><a><img src="{root}/public/image/arrow-asc.png"> {code} '
        f"{_rate(writer.world, 'BTC', code, writer)}</a></li>\n"
        for code in _CURRENCIES
    )
    return f""" <html>
<head>
    <title>Empire Market{f" - {escape(title)}" if title else ""}</title>
    <link rel="stylesheet" type="text/css" href="{root}/public/css/style.css"/>
    <link rel="icon" href="{root}/favicon.png" type="image/png"/>
</head>
<body>
<div class="header">
 <div class="img-logo">
  <a href="{root}/home"><img src="{root}/public/image/logo.png"></a>
 </div>
 <div class="right-session">
  <div id="right-session-information">
   <div class="right-session-text">
    <p class="padp" style="line-height: 16px;" "><b> Logged in as \
<a href="{root}/myinfo">reader</a> \
[<a href="{root}/index/logout">Logout</a>]</b></p>
    <p class="padp"><b> BTC: <a href="{root}/balance/bitcoin">0.00000</a></b> </p>
   </div>
  </div>
 </div>
</div>
<div>
<div class="sm-nav" style="width: 43%;">
 <ul>
{strip} </ul>
 </div>
 <div class="clear"></div>
 <div class="body-content">
 <nav id="primary_nav_wrap">
 <ul>
  <li><a href="{root}/home">HOME</a></li>
  <li><a href={root}/message>MESSAGES <span style="color:inherit;">
 </span></a></li>
  <li><a href={root}/order>ORDERS</a></li>
  <li><a href="http://forumssimulated.onion" target="_blank">FORUMS</a></li>
 </ul>
 </nav>
 <div class="clear"></div>
 <div class="sub_head_inner_header">
{path} <div class="check"><p></p></div>
 <i class="fa fa-sitemap fa-fontSet sitemap" aria-hidden="true"></i>
 </div>
 <div class="wrapper-index">
 <div class="left-content">
{left} </div>
 <div class="right-content">
{content} </div>
</div>
</div>
<div class="footer">
 <p><font size="1">
 <span style="float:right;">
	Server time: {clock(writer)}	</span>
 <span style="float:left;">Copyright &copy; {writer.at.year} Empire Market</span> </font><br/>
 </p>
</div>
</body>
</html>
"""


def _rate(world: World, coin: str, code: str, writer: Writer) -> str:
    return f"{world.dollars(coin, writer.day) / world.dollars(code, writer.day):.2f}"


def _box(icon: str, heading: str, body: str) -> str:
    return f"""<div id="information">
    <div class="login-Head">
        <div class="loginHead-logo">
            <i class="fa {icon} padi" aria-hidden="true"></i>
        </div>
        <div class="loginHead-head">
            <h3 class="padh3"> {heading}</h3>
        </div>
    </div>
    <div class="clear"></div>
{body}</div>
"""


def menu(writer: Writer, opened: Spot | None) -> str:
    """Return the menu of all categories, the open path marked."""
    items = _items(writer, opened.numbers if opened else (), TREE.roots)
    return _box(
        "fa-caret-square-o-right",
        "BROWSE CATEGORIES",
        f'    <nav class="Category">\n<ul class="mainmenu">\n{items}</ul>\n</nav>\n',
    )


def _items(writer: Writer, path: tuple[str, ...], spots: tuple[Spot, ...]) -> str:
    out = ""
    for spot in spots:
        count = writer.world.count_in(spot.low, spot.high, writer.at)
        writer.page.categories.append(Category(spot.number, spot.name, tuple(spot.path), count))
        chosen = " checked" if spot.number in path else ""
        style = ' style="display:block;"' if chosen else ""
        inner = ("submenu", "CategoryUL", "CategorySubUL")[spot.depth]
        out += f"""<li><a href="{category_link(writer, spot.number)}">\
<input type="checkbox"{chosen}> {spot.name}<span style="float:right;color:#4a4e51">\
{count}</span></a>
<ul class="{inner}"{style}>
{_items(writer, path, spot.inside)}</ul>
</li>
"""
    return out


def category_link(writer: Writer, number: str, tail: str = "/0") -> str:
    """Return the address of a category's page, and note it."""
    path = f"/category/categories/{number}{tail}"
    return writer.link("search", number, writer.request.root + path, path)


def rates(writer: Writer) -> str:
    """Return the exchange rates of the three coins."""
    out = ""
    for name, coin in _COINS:
        rows = ""
        for code, words in _CURRENCIES.items():
            rate = _rate(writer.world, coin, code, writer)
            writer.page.exchange_rates.append(ExchangeRate(coin, code, rate))
            rows += f"""<p class="padp"> {words} ({code})
			<span class="float-right boldstats">
				<font color="#00bb00">
					{rate}				</font>
			</span>
		</p>
"""
        out += f'<div class="statistics">\n <h3 class="padp">{name} ({coin})</h3>\n{rows}</div>\n'
    return _box("fa-bitcoin", "EXCHANGE RATES", out)


def path_of(writer: Writer, icon: str, spot: Spot | None) -> str:
    """Return the path of categories on top of a page."""
    links = ""
    for number, name in zip(spot.numbers, spot.path, strict=True) if spot else ():
        href = category_link(writer, number)
        links += f'<div class="check"><p></p></div>\n<h3><a href="{href}">{name}</a></i></h3>\n'
    return f' <i class="fa {icon} fa-fontSet" aria-hidden="true"></i>\n{links}'


def path_to(icon: str, href: str, name: str) -> str:
    """Return a path of one step."""
    return f""" <i class="fa {icon} fa-fontSet" aria-hidden="true"></i>
<div class="check"><p></p></div>
<h3><a href="{href}">{name}</a></i></h3>
"""


# -- walls -----------------------------------------------------------------------------------


def _outside(request: Request, body: str) -> tuple[str, ShownPage]:
    """Return a page for those who are not signed in."""
    page = page_of(request, NAME, "login", "")
    at = request.at
    page.expected.page_time = at.replace(microsecond=0)
    page.html = f""" <!DOCTYPE html>
<html>
<head>
 <title>Empire Market</title>
 <link rel="stylesheet" type="text/css" href="{request.root}/public/css/style.css?v=3"/>
</head>
<body>
<a href="{request.root}/login"><img src="{request.root}/public/image/logo.png"></a>
<div class="body-content">
 <div class="nav">
 <ul>
 <li><a href="{request.root}/login">LOGIN</a></li>
 <li><a href="{request.root}/register">REGISTER</a></li>
 </ul>
 </div>
 <div class="body-content">
 <div class="sub_head_inner_header">
 <i class="fa fa-sign-in fa-fontSet" aria-hidden="true"></i>
 <div class="check"><p></p></div>
 <h3> <a href="{request.root}/login">Login</a> </h3>
 </div>
 <div class="wrapper">
{body} </div>
</div>
</div>
<div class="footer">
 <p><font size="1">
 <span style="float:right;">
	Server time: {at:%A, %b} {at.day}, {at:%Y %H:%M:%S}	</span>
 <span style="float:left;">Copyright &copy; {at.year} Empire Market</span> </font><br/>
 </p>
</div>
</body>
</html>
"""
    return page.html, page


def login(request: Request) -> ShownPage:
    """Return the login form; its fields are named anew each minute."""
    chance = Chance(request.at.isoformat(timespec="minutes"))
    user, word, captcha, token, button = (f"{chance.number(n):x}"[:8] for n in range(5))
    return _outside(
        request,
        f""" <div class="login-page">
 <div class="loginHead-head">
 <h3>LOGIN TO EMPIRE MARKET</h3>
 </div>
 <div class="clear"></div>
 <div class="login-textbox">
 <form action="{request.root}/index/login" method="post" accept-charset="utf-8">
 <input placeholder="Username" type="text" name='a{user}' class='login-textbox' value="" autofocus>
 <input placeholder="Password" type="password" name='b{word}' class='login-textbox'>
 <div class='image'><img src="{request.root}/public/captchaimg/1.jpg" alt=" "/></div>\
<!-- {CAPTCHA} -->
 <p class="invalidCaptchaError"></p>
 <input placeholder="What's the captcha?" type="text" name="c{captcha}" class='login-textbox'>
 <input type="hidden" name="token" value="{token}">
 <input class="primary_button" type="submit" value="Login" name='d{button}'>
 </form>
 </div>
 </div>
""",
    )[1]


def challenge(request: Request) -> ShownPage:
    """Return the page that keeps machines waiting."""
    html = f"""<html>
<head>
 <title>Empire Market</title>
 <link rel="stylesheet" type="text/css" href="{request.root}/public/css/style.css"/>
</head>
<body>
<div class="body-content">
 <h3>DDoS protection</h3>
 <form action="{request.root}/index/human" method="post">
 <img src="{request.root}/public/captchaimg/2.jpg" alt="captcha"/><!-- {CAPTCHA} -->
 <input type="text" name="captcha" placeholder="captcha">
 <input type="submit" value="Go on">
 </form>
</div>
</body>
</html>
"""
    return page_of(request, NAME, "challenge", html)


def refresh(request: Request) -> ShownPage:
    """Return the page that only sends the browser on."""
    html = (
        f'<html><head><meta content="0; URL={request.root}/index/login?dtf=1" '
        'http-equiv="Refresh"/></head><body></body></html>\n'
    )
    return page_of(request, NAME, "challenge", html)


def missing(request: Request) -> ShownPage:
    """Return the framework's own 404 page, which carries no mark of the market."""
    html = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>404 Page Not Found</title>
</head>
<body>
	<div id="container">
		<h1>404 Page Not Found</h1>
		<p>The page you requested was not found.</p>	</div>
</body>
</html>
"""
    return page_of(request, NAME, "not_found", html, 404)


def closed(request: Request) -> ShownPage:
    """Return what stood there after the end."""
    post = "504 Gateway Time-out"
    html = f"<html><head><title>{post}</title></head><body><h1>{post}</h1></body></html>\n"
    return page_of(request, NAME, "error", html, 504)
