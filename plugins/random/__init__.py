"""Replaces the official random plugin in the local environment."""
