"""Resource providers of the local environment, in place of official plugins it cannot fetch."""
