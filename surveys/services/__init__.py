"""Use cases: one call is one transaction. `session` and `now` are passed in; errors are named and say what to do."""
