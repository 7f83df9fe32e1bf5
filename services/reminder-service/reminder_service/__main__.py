"""Serves the API; with the argument `migrate`, prepares the database."""

from service_runtime.command import run_command


def serve() -> None:
    """Import the service only now, so that a migration starts a second sooner."""
    from reminder_service import serving

    serving.serve()


if __name__ == "__main__":
    run_command("reminder-service", "reminder_service", serve)
