#!/usr/bin/env bash
# Health check of a process whose check is expensive: `source rarely.sh NAME COMMAND...`
# A success counts for 20 s, in which the command does not run again. The process removes
# $STATE/run/NAME.healthy when it starts.
exec >/dev/null 2>&1
note=$STATE/run/$1.healthy
read -r before <"$note" && ((EPOCHSECONDS - before < 20)) && exit
timeout "$PROBE_TIMEOUT" "${@:2}" && echo "$EPOCHSECONDS" >"$note"
