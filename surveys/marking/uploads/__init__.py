"""What is read for it: files as offices make them."""
