from service_runtime.migrations import run_migrations

run_migrations()
