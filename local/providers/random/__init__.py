"""Stand-in for the official random plugin, for the local environment only."""
