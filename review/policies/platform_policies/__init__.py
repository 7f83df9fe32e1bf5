"""Defines the rules for resources of the platform, independent of Pulumi's engine."""
