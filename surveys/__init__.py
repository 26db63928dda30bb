"""The house. Imports run one way, top to bottom; `scripts/check` holds it.

app.py       create_app(): the only file that sees everything
web  cli     pages by audience; the same use cases from a terminal
services     use cases: one call is one transaction; session and now are passed in
storage      tables and queries; no Flask, no URL
reporting    values -> bytes: slips, charts, QR
intake       bytes -> values: spreadsheets people have
catalog      the official content as data, and its loader
polling      PURE: sheets, codes, receipts, seal, turnout
scoring      PURE: grades, tally, score sheet, ranking
"""
