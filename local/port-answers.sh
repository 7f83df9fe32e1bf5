#!/usr/bin/env bash
# Health check of a process that offers no plain HTTP page: its TCP port answers.
exec 3<>"/dev/tcp/127.0.0.1/$1"
