"""What units hand in, its review, and proceedings."""
