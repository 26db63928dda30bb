"""Limits that use cases of several rooms check and their forms tell."""

MINIMUM_PASSWORD = 10
"""Characters of a password that somebody chooses."""
LONGEST_REASON = 500
"""Characters of why something is changed, sent back or decided."""
LONGEST_NAME = 100
"""Characters of the name of a person, an account or an assessment."""
LONGEST_UNIT = 200
"""Characters of a unit's name."""
LONGEST_POST = 200
"""Characters of a leader's post."""
LONGEST_DOCUMENT = 200
"""Characters that name a document or an occasion."""
LONGEST_PERSON = 50
