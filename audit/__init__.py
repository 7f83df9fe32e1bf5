"""Asks checkers that others wrote what they think of what a stack would make."""
