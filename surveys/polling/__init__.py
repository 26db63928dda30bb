"""Pure rules of a poll: the sheet, ticket codes, receipts, the seal, turnout. Knows no table, file or page."""
