"""Replaces Pulumi plugins in the local environment and in previews."""
