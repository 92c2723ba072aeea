"""Dream Market: the frame of its pages, and its walls."""

from __future__ import annotations

from html import escape

from cryptodrug_scraper.records import Category, ExchangeRate
from simulator.market_site import CAPTCHA, Request, ShownPage, page_of
from simulator.tree import Node, Spot, Tree
from simulator.world import World
from simulator.writing import Writer

NAME = "dream"
TREE = Tree(
    Node("103", "Digital Goods", (Node("111", "Information", good="guide"),
                                  Node("112", "Other Digital", good="account"))),
    Node("104", "Drugs", (
        Node("121", "Cannabis", (Node("175", "Weed & buds", good="weed"),
                                 Node("176", "Hash", good="hash"),
                                 Node("173", "Edibles", good="edible"))),
        Node("131", "Ecstasy", (Node("177", "MDMA", good="mdma"),
                                Node("180", "Pills", good="pill"))),
        Node("141", "Stimulants", (Node("179", "Cocaine", good="cocaine"),
                                   Node("178", "Speed", good="speed"),
                                   Node("182", "Meth", good="meth"))),
        Node("151", "Dissociatives", (Node("183", "Ketamine", good="ketamine"),)),
        Node("152", "Psychedelics", (Node("184", "LSD", good="lsd"),
                                     Node("185", "Mushrooms", good="mushroom"))),
        Node("153", "Opioids", (Node("186", "Heroin", good="heroin"),)),
        Node("154", "Benzos", good="benzo"),
        Node("160", "Steroids", good="steroid"),
    )),
    Node("107", "Other", good="account"),
)  # fmt: skip

_STYLE = """<style type="text/css">

a[href="/register"] {
	position: fixed;
	top: 1em;
}
.youHaveBeenPhished {
	position: fixed;
	top: -100em;
}

</style>"""
SIGN = {"USD": "$", "EUR": "€", "BTC": "฿"}


def currency(world: World) -> str:
    """Return the currency that the reader's account chose."""
    return world.chance.pick(("USD", "EUR", "BTC"), "currency")


def frame(
    writer: Writer, title: str, content: str, opened: Spot | None, *, right: bool = False
) -> str:
    """Return a page: head, decoys, navigation, sidebars, content, footer."""
    host = writer.request.root
    false = writer.world.chance.pick(("decoy", "mirror", "safe"), "decoy")
    mirrors = "".join(
        f'<li><a href="http://{name}">{name}</a></li>\n'
        for name in writer.world.live_mirrors(writer.at)
    )
    beside = ""
    exchange = exchange_rates(writer)
    if right:
        beside = f"""<div class="sidebar right">
<div class="sidebar">
<div class="sidebarHeader">Links</div>
<div class="newsitem"><a href="http://forum{false}.onion" target="_blank">Forum</a></div>
<div class="newsitem"><a href="./help" target="_blank">Help</a></div>
</div>
{exchange}</div>
"""
    return f"""<html><head>
<title>{escape(title)}</title>
<meta content="text/html;charset=ISO-8859-1" http-equiv="Content-Type"/>
<link href="./../favicon.ico" rel="icon" type="image/x-icon"/>
<link href="./../marketstyle.css" rel="stylesheet" type="text/css"/>
<script language="javascript" src="./../market.js" type="text/javascript"></script>
{_STYLE}
</head>
<body>
<div artumm="simulated" class="bakrlop"> </div>
<a class="kdfiuer847" href="http://{false}simulated.onion/viewProduct?offer=1.1">
<span class="djfk956733"><div class="inner">Decoy</div></span>
</a>
<span id="sound_element" style="position: fixed;"> </span>
<div class="youHaveBeenPhished">Decoy</div>
<div id="converterForCharacters" style="display:none;"> </div>
<div artumm="simulated" class="main{"" if right else " onlyLeftNavLayout"}">
<div class="naviHeader oldBannerImage">
<div>
<div class="headNavitems">
<ul class="ulNavItems">
<li class="active"><a href="./">Shop</a></li><li class=""><a \
href="./inbox?action=conversation">Messages: 0</a></li><li class="" \
title="Update my profile settings"><a href="./profile">reader</a></li>
</ul>
<div class="searchWrap">
<form action="./" class="qtopnavsearch" method="get">
<fieldset>
<legend>Search</legend>
<input class="search_text" name="q" type="text" value=""/>
</fieldset>
</form>
</div>
</div>
</div>
<div>
<div class="headNavitems">
<ul class="ulNavItems">
<li class="walletItem"><a href="./wallet"><div>Bitcoin (BTC)</div>฿0</a></li>
<li class="navitem">
<a href="./?logout">Logout</a>
</li>
</ul>
</div>
</div>
</div>
<div class="sidebar browse">
{categories(writer, opened)}<br/>
{"" if right else exchange}<div class="sidebar onionmirrors">
<div class="sidebarHeader onionMirrors">Onion mirrors</div>
<ul style="padding: 0 0 0 .6em; font-size: 12px;">
{mirrors}</ul>
</div>
</div>
{beside}<div class="content">
{content}</div>
</div> <!-- loggedin -->
<div class="footer">
<ul class="ulNavItems">
<li><a href="http://forum{false}.onion" target="_blank">Forum</a></li><li class=""></li><li><a \
href="{host}/help" target="blank">Help</a></li>
</ul>
<div class="copyRight">
<div>Copyright</div>
</div>
</div>
<div id="chatListContainer" style="display:none;">
<div class="chatTitle" id="chatTitle">Chat</div>
</div>
</body>
</html>
"""


# -- the sidebars ----------------------------------------------------------------------------


def categories(writer: Writer, opened: Spot | None) -> str:
    """Return the tree: the open root with what is open in it, then all roots once more."""
    out = '<div class="sidebarHeader">Browse by category</div>\n'
    seen: set[str] = set()

    def one(spot: Spot, *, marked: bool = True) -> str:
        count = writer.world.count_in(spot.low, spot.high, writer.at)
        if spot.number not in seen:
            seen.add(spot.number)
            writer.page.categories.append(Category(spot.number, spot.name, tuple(spot.path), count))
        href = writer.link(
            "search", spot.number, f"./?category={spot.number}", f"/?category={spot.number}"
        )
        chosen = " selected" if marked and opened is not None and spot == opened else ""
        return f"""<div class="category{chosen} depth{spot.depth}">
<a href="{href}">{escape(spot.name)}
		<span class="amount">{count}</span></a>
</div>
"""

    if opened is not None:
        root = TREE.by_number[opened.numbers[0]]
        out += one(root)
        for child in root.inside:
            out += one(child)
            if child.number in opened.numbers:
                out += "".join(one(leaf) for leaf in child.inside)
        out += '<div class="sidebarHeader">&nbsp;</div>\n'
    # The root that is open stands here once more, without its mark.
    return out + "".join(one(root, marked=False) for root in TREE.roots)


def exchange_rates(writer: Writer) -> str:
    """Return the panel of what one bitcoin is worth."""
    world, chosen = writer.world, currency(writer.world)
    bitcoin = world.dollars("BTC", writer.day)
    rows = ""
    for code in ("BTC", "mBTC", "USD", "EUR", "GBP", "CAD", "AUD", "BCH", "mBCH", "XMR"):
        if code == "BTC":
            rate = "1.0"
        elif code == "mBTC":
            rate = "1000.0"
        else:
            rate = f"{bitcoin / world.dollars(code.removeprefix('m'), writer.day):.1f}"
        if code not in ("BTC", "mBTC", "mBCH"):
            writer.page.exchange_rates.append(ExchangeRate("BTC", code, rate))
        link = f'<a href="./?selectCurrency={code}&amp;ks=-10203040">{code}</a>'
        cell = f"			{code}			" if code == chosen else link
        rows += f"""<tr class="">
<td class="curtd{" chosen" if code == chosen else ""}"></td>
<td class="cur">
{cell}
</td>
<td>{rate}</td>
</tr> """
    return f"""<div class="sidebar">
<div class="sidebarHeader">฿ Exchange</div>
<div class="exchangeRateListing">
<table class="">
{rows}</table></div> </div>
"""


# -- walls -----------------------------------------------------------------------------------


def login(request: Request) -> ShownPage:
    """Return the login form: two fields for each thing, one of them a decoy that must stay."""
    html = f"""<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<html>
<head>
<title>Dream Market Login - Featured anonymous marketplace</title>
<link href="./../marketstyle.css" rel="stylesheet" type="text/css"/>
{_STYLE}
</head>
<body>
<div artumm="simulated" class="main">
<div class="naviHeader oldBannerImage">
<div class="headNavitems">
<ul class="ulNavItems">
<li class=""><a href="{request.root}/register">Register</a></li>
<li class="active"><a href="{request.root}/">Login</a></li>
</ul>
</div>
</div>
<div class="login notloggedin">
<div class="title">Login with existing user</div>
<form action="{request.root}/" class="hfre87553erRT" method="post">
<div class="formInputs">
<div>
<label for="c1">Username</label>
<input class="text" id="c1" name="1a" type="text" value="decoy"/>
<input class="text" id="2b" name="2b" type="text" value=""/>
</div>
<div>
<label for="c3">Password</label>
<input class="text" id="c3" name="3c" type="password" value="decoy"/>
<input class="text" id="4d" name="4d" type="password" value=""/>
</div>
<div class="captcha">
<label> </label> <img alt="Captcha" class="captcha3" src="img/captcha3"/><!-- {CAPTCHA} -->
<input class="text" name="5e" type="text" value=""/>
</div>
<div class="actionContainer">
<input name="6f" type="submit" value="Login"/>
</div>
</div>
</form>
</div>
</div> <!-- end -->
</body>
</html>
"""
    return page_of(request, NAME, "login", html)


def dropped(request: Request, reason: str) -> ShownPage:
    """Return the page after a session has ended."""
    post = "You have been logged in elsewhere."
    if reason == "expired":
        post = "Your session has expired."
    html = f"""<html>
<head><link href="./marketstyle.css" rel="stylesheet" type="text/css"/>
<title>Logged out</title>
</head>
<body>
<div class="main">
<div class="content">
<div class="title">Logged out</div>
{post} <a href="./">Login</a>
</div>
</div>
</body>
</html>
"""
    return page_of(request, NAME, "login", html)


def challenge(request: Request) -> ShownPage:
    """Return the anti-DDoS page."""
    html = f"""<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<html>
<head><link href="./../marketstyle.css" rel="stylesheet" type="text/css"/>
<title>Dream Market - DDOS Protection</title>
</head>
<body>
<div class="verifyHuman">
<form action="./verifyHuman2" method="post">
<div class="ddos">DDOS Protection</div>
<div class="inner">
<div class="iline">Please solve the following challenge:</div>
<label for="captcha">
<img alt="Captcha" class="captcha" src="img/captcha2"/><!-- {CAPTCHA} -->
</label>
<input class="result" id="captcha" name="captcha" placeholder="captcha"/>
<div class="sdiv">
<input name="Solve" type="submit" value="Solve"/>
</div>
</div>
</form>
</div>
</body>
</html>
"""
    return page_of(request, NAME, "challenge", html)


def refresh(request: Request) -> ShownPage:
    """Return the page that loads itself again."""
    html = f"""<html>
<head><link href="./../marketstyle.css" rel="stylesheet" type="text/css"/>
<meta http-equiv="refresh" content="1; url={escape(request.address)}"/>
<title>Please wait</title>
</head>
<body>
<div class="wait">One moment.</div>
</body>
</html>
"""
    return page_of(request, NAME, "challenge", html)


def closed(request: Request) -> ShownPage:
    """Return the page that stood there after the end: the gateway found nothing behind it."""
    html = """<html>
<head><link href="./../marketstyle.css" rel="stylesheet" type="text/css"/>
<title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body>
</html>
"""
    return page_of(request, NAME, "error", html, 502)
