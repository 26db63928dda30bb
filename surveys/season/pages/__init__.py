"""What is seen of it: views, and the forms they read."""
