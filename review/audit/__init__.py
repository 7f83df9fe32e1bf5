"""Checks the planned resources of stacks with public checkers."""
