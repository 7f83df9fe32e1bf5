"""Sets up the machine for the local environment, and removes every trace of it."""
