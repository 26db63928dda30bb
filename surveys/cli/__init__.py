"""The kit of commands: the site, JSON, refusals as exit status 1."""
