"""What every use case stands on: errors, actors, the log, two hands, sessions, the site."""
