"""What the researcher hands over: where a market is, and sessions that are signed in."""
