"""Limits that use cases of several rooms check and their forms tell."""

MINIMUM_PASSWORD = 10
"""Characters of a password that somebody chooses."""
LONGEST_REASON = 500
"""Characters of why something is changed, sent back or decided."""
