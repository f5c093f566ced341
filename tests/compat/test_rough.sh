# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Servers that handle errors and hang-ups properly, under traffic with resets, half-closes, aborted uploads, dead upstreams, slow clients, reloads and
# killed workers: they do the same with guard epoll as without, and nothing is said. FDG_ROUNDS=30 ctest -R compat/rough goes on for minutes.
. "$FDG_SRC/tests/compat/rough.sh"
export ROUNDS="${FDG_ROUNDS:-1}"

upstreams
all_runs epoll=fix epoll=report
check 'clients were answered' grep -qF "slow_reader ['/big']: 200 2688895 " bare/nginx.got
kill "$upstreams_pid"
finish
