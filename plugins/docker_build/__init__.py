"""Replaces the official docker-build plugin in previews; it plans images without building them."""
