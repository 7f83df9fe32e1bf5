#!/usr/bin/env bash
# Prepares the container: control groups, published ports and the user of the checkout in $CHECKOUT.
set -euo pipefail

# On cgroup v2, a group that holds processes cannot give controllers to its children.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/init
  while read -r process; do echo "$process" > /sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true; done < /sys/fs/cgroup/cgroup.procs
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true
  done
fi

# Docker sends published ports to the container's own address, but processes listen on loopback.
echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet
for port in ${LOOPBACK_PORTS:-}; do
  iptables -t nat -A PREROUTING -i eth0 -p tcp --dport "$port" -j DNAT --to-destination "127.0.0.1:$port"
done

# Files of the checkout stay those of its owner.
owner=$(stat -c %u "$CHECKOUT")
if [ "$owner" != 0 ]; then
  useradd --create-home --uid "$owner" --shell /bin/bash herald 2>/dev/null || true
  echo 'herald ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/herald
fi
chown "$owner" "$CHECKOUT/.local" "$CHECKOUT/.venv" /cache
exec "$@"
