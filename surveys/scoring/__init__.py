"""Pure arithmetic from grades and marks to scores, bands and ranks. Knows no table, file or page."""
