"""Extends moto with the features of AWS that the platform needs."""
