#!/bin/sh
# own-share.sh SHARE COMMAND...: runs a command that sees SHARE as /usr/share.
# The mount is private to the process; the machine's /usr/share does not change.
mount --bind "$1" /usr/share
shift
exec "$@"
