"""Marks, the ledger, the democratic row, and the score sheets they make."""
