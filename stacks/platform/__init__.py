"""Describes the platform of one environment."""
