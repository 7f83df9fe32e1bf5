"""Defines and reads the configuration of a stack."""
