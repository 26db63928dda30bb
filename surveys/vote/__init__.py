"""Polls, from the wizard to the tally: tickets, ballots, the hall, paper, sealing, results."""
