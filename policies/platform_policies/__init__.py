"""What the platform demands of its resources; knows nothing of the engine that asks."""
