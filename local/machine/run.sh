#!/bin/sh
# run.sh GOAL [VARIABLE=VALUE...]: runs a make goal in the container of this checkout, and creates the container if necessary.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
checkout=$(cd "$here/../.." && pwd)
key=$(printf %s "$checkout" | cksum | cut -d' ' -f1)
name="herald-$key"
image="herald-machine:$(cat "$here/Dockerfile" "$here/start.sh" | cksum | cut -d' ' -f1)"

start() {
  docker image inspect "$image" >/dev/null 2>&1 ||
    docker build --quiet ${HERALD_MACHINE_BASE:+--build-arg "BASE=$HERALD_MACHINE_BASE"} --tag "$image" "$here" >/dev/null ||
    { echo "make: the image of the machine could not be built; Docker's message is above" >&2; exit 1; }
  . "$here/../ports.env"
  loopback="$INBOX_PORT $AWS_PORT $POSTGRES_PORT $REGISTRY_PORT $APISERVER_PORT $PROMETHEUS_PORT $ALERTMANAGER_PORT"
  # shellcheck disable=SC2086 # one word each
  set -- "$REMINDERS_PORT" "$DEVICES_PORT" $loopback
  published=""
  for port in "$@"; do published="$published --publish 127.0.0.1:$port:$port"; done
  # shellcheck disable=SC2086 # one word each
  docker run --detach --init ${HERALD_MACHINE_PRIVILEGES:---privileged} --cgroupns private --name "$name" --hostname herald $published \
    --env "CHECKOUT=$checkout" --env "LOOPBACK_PORTS=$loopback" --env HERALD_CACHE=/cache \
    --volume "$checkout:$checkout" --volume "$name-state:$checkout/.local" --volume "$name-venv:$checkout/.venv" \
    --volume "$name-machine:/var/lib/herald" --volume herald-cache:/cache ${HERALD_MACHINE_OPTIONS:-} "$image" >/dev/null
}

remove() {
  [ -z "$running" ] || docker rm --force "$name" >/dev/null
  [ "$1" = down ] || docker volume rm --force "$name-state" "$name-venv" "$name-machine" >/dev/null
}

running=$(docker inspect --format '{{.State.Running}}' "$name" 2>/dev/null || true)
if [ "$running" != true ]; then
  case "$1" in
    down | clean) remove "$1"; echo "The local environment is down."; exit ;;
    *) remove down; mkdir -p "$checkout/.local" "$checkout/.venv"; start ;;
  esac
fi
echo "Running in the container $name" >&2
terminal=""; [ ! -t 0 ] || terminal=--tty
user=$(docker exec "$name" stat -c %u "$checkout")
programs=${HERALD_PROGRAMS:-}
case "$programs" in
  "" | *://*) ;;
  *) docker cp "$programs" "$name:/tmp/programs.tar.gz" >/dev/null; programs=/tmp/programs.tar.gz ;;
esac
# shellcheck disable=SC2086
docker exec --interactive $terminal --user "$user" --workdir "$checkout" ${programs:+--env "HERALD_PROGRAMS=$programs"} \
  ${HERALD_PATIENCE:+--env "HERALD_PATIENCE=$HERALD_PATIENCE"} ${HERALD_DEBIAN_MIRROR:+--env "HERALD_DEBIAN_MIRROR=$HERALD_DEBIAN_MIRROR"} \
  "$name" make --no-print-directory "$@"
case "$1" in down | clean) remove "$1" ;; esac
