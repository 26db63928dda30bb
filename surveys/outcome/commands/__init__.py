"""What is typed of it, in a terminal."""
