"""A small market that was never there: what ``cryptodrug new-market`` makes a new one of."""
