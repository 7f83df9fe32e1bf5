"""What each service process is made of."""
