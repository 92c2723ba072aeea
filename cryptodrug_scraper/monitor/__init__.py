"""Markets that are watched: crawls by a calendar, their health, and who hears of it."""
