"""Tables and queries. Knows no Flask and no URL."""
