"""How each market looked: one module a market, found through a registry (``simulator.look``)."""
