"""What an image holds and what it was made from, kept beside it in its registry."""
