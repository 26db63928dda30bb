"""Tickets: issued, limited, asked for beyond the limit, printed as slips."""
