#!/usr/bin/env bash
# Health check of a process: `source until-healthy.sh COMMAND...` repeats the command until it
# succeeds. process-compose checks once in a period, and stops a check that takes a whole period.
# So a start is noticed at once, and healthy processes are checked rarely.
exec >/dev/null 2>&1

get() { # PORT PATH: succeeds if the page is answered with 200
  {
    printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
    read -rt "$PROBE_TIMEOUT" _ status _ <&3
    ((status == 200))
  } 3<>"/dev/tcp/127.0.0.1/$1"
}

connect() { # PORT: succeeds if the port accepts connections
  : 3<>"/dev/tcp/127.0.0.1/$1"
}

run() { # COMMAND...
  timeout "$PROBE_TIMEOUT" "$@"
}

until "$@"; do sleep 0.3; done
