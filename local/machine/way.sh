#!/bin/sh
# Prints where the local environment runs: `native` (on this machine) or `container`. HERALD_WAY overrides the choice.
case "${HERALD_WAY:-}" in
  native | container) echo "$HERALD_WAY"; exit ;;
  "") ;;
  *) echo "HERALD_WAY must be native or container; got $HERALD_WAY" >&2; exit 1 ;;
esac
can_be_root() { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }
has_programs() { command -v apt-get >/dev/null || { command -v containerd && command -v runc && command -v mmdebstrap; } >/dev/null; }
if [ "$(uname -s)" = Linux ] && can_be_root && has_programs; then
  echo native
elif command -v docker >/dev/null && docker info >/dev/null 2>&1; then
  echo container
else
  echo native # its error lists the missing programs
fi
