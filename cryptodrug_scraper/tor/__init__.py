"""Tor: what may be requested through it, circuits, its control port, a Tor of our own.

- `address`: which hosts and URLs may be requested at all;
- `circuits`: a circuit of its own for each identity, by SOCKS user name;
- `ready`: whether a SOCKS port is there, before anything is asked of it;
- `control`: how Tor is, and new circuits for all, through its control port;
- `process`: a Tor process of our own, where none is given.

What goes wrong is told as `errors.TorUnavailable`.
"""
