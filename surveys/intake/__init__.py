"""Bytes people upload -> values: spreadsheets read forgivingly, with the place of every fault. No database, no page."""
