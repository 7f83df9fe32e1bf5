"""Serves until SIGTERM; with the argument `migrate`, prepares the database."""

from service_runtime.command import run_command


def serve() -> None:
    """Import the service only now, so that a migration starts a second sooner."""
    from notification_service import serving

    serving.serve()


if __name__ == "__main__":
    run_command("notification-service", "notification_service", serve)
