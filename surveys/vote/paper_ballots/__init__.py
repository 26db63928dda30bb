"""Ballots on paper: printed, returned, keyed twice, counted."""
