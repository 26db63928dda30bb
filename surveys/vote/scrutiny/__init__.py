"""Who runs and who watches a poll by name, what the scrutineer notes, and the tick that sealing waits for."""
