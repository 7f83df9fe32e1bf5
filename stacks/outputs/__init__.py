"""Defines and prints the outputs of a stack."""
