"""What every room may use: files written atomically, locks, progress, text safe for a terminal."""
