"""The house. Imports run one way, top to bottom; `scripts/check` holds it.

app.py       create_app(): the only file that sees everything
web  cli     pages by audience; the same use cases from a terminal
services     use cases: one call is one transaction; session and now are passed in
storage      tables and queries; no Flask, no URL
reporting    values -> bytes: slips, paper ballots, the card, tally sheets, charts
intake       bytes -> values: spreadsheets people have, what they type
catalog      the official content as data, and its loader
polling      PURE: sheets, codes, ballot classes, envelopes, receipts, keying, seal, turnout
scoring      PURE: grades, tally, score sheet, ranking
"""
