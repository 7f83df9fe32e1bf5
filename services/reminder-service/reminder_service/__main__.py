"""Serves the API; with the argument `migrate`, prepares the database."""

from service_runtime.command import run_command

if __name__ == "__main__":
    run_command("reminder-service", "reminder_service")
