#!/usr/bin/env bash
# Health check of a process whose check costs processor time: `source rarely.sh NAME COMMAND...`
# A success counts for 20 s, in which the command does not run again. Failures are repeated for 2 s,
# so that a start is noticed at once. The process removes $STATE/run/NAME.healthy when it starts.
exec >/dev/null 2>&1
note=$STATE/run/$1.healthy
read -r before <"$note" && ((EPOCHSECONDS - before < 20)) && exit
for _ in {1..4}; do
  timeout "$PROBE_TIMEOUT" "${@:2}" && echo "$EPOCHSECONDS" >"$note" && exit
  sleep 0.5
done
exit 1
