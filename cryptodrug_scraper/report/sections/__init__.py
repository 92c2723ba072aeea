"""The questions of a report, a module each: `section(context)` returns the answer."""
