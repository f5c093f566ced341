#!/bin/sh
# SPDX-License-Identifier: MIT
# wrap/gai*.c within a program, so that they can be under a sanitizer.
# shellcheck source=tests/lookups/inside.sh
. "$FDG_SRC/tests/lookups/inside.sh"
own_etc
printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:3\n' >/etc/resolv.conf
serve --port 53 --loss 2
check '10,000 requests by eight threads' timeout 60 "$FDG_BIN/lookups-swarm-inside" 10000 8
check '64 threads' timeout 60 "$FDG_BIN/lookups-swarm-inside" 6400 64
served
finish
