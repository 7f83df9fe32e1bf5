"""Contains the parts that services share: HTTP, settings, database, events and recurrence."""

from zoneinfo import reset_tzpath

reset_tzpath(())  # the zones of the tzdata package, not those of the host, which may be older
