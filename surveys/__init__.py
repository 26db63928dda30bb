"""The house. Imports run one way, top to bottom; `scripts/check` holds it.

entry        registers every room; what looks at several of them
outcome      the life of an assessment, versions, replies, results, report and letters
marking      marks, the ledger, the democratic row, score sheets
vote         polls, tickets, casting, the hall, paper, sealing, tallies     (beside it: evidence)
evidence     what units hand in, its review, proceedings
office       accounts, passwords, signing in
season       a year's assessment as it is set up: units, rosters, frameworks, rules
web  cli     the kit of pages, the kit of commands
acts         what every use case stands on: errors, actors, the log, two hands, sessions
storage      tables, connection, files      reporting  values -> bytes      intake  bytes -> values
catalog      the official content as data, and its loader
polling      PURE: sheets, codes, ballot classes, envelopes, receipts, keying, seal, turnout
scoring      PURE: grades, tally, score sheet, ranking

In a room: use cases on the floor; pages/ seen, papers/ written, uploads/ read, commands typed.
"""
