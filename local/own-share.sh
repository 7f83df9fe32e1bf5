#!/bin/sh
# own-share.sh SHARE COMMAND...: a package that is unpacked only finds its files in /usr/share.
# The mount is in a namespace of the process; the machine's /usr/share stays as it is.
mount --bind "$1" /usr/share
shift
exec "$@"
