"""Replaces the official Kubernetes plugin for previews: plans objects without a cluster."""
