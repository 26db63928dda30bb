"""The way in: registers every room's pages and commands, and holds what looks at several rooms."""
