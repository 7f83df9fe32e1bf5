"""The event contract of the platform: envelope, data, publisher, consumer and their fakes."""
