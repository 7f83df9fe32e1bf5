"""Defines the event contract of the platform: envelope, data, publisher and consumer."""
