#!/usr/bin/env bash
# Health check of a process without an HTTP page: succeeds if its TCP port accepts connections.
exec 3<>"/dev/tcp/127.0.0.1/$1"
