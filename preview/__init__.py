"""What a change of the platform would do, cost and break, told without any cloud account."""
