"""moto as the local environment's AWS, with what the platform needs and moto lacks."""
