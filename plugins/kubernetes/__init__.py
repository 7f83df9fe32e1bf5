"""Replaces the official Kubernetes plugin in previews; it plans objects without a cluster."""
