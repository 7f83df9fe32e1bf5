"""Provides resources in the local environment, without the official plugins."""
