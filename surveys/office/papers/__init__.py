"""What is written of it: files to print and to send."""
