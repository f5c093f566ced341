# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Go makes its system calls itself: no preload sees them. A connection whose copy is turned blocking keeps a thread each, and its deadline never fires.
. "$FDG_SRC/tests/supervise/lib.sh"
need go
ulimit -n "$(ulimit -H -n)"

export HOME="$tmp" GOCACHE="$tmp/cache" GO111MODULE=off GOFLAGS=-p=2 CGO_ENABLED=0
go build -o dial "$FDG_SRC/tests/supervise/dial.go" || bad "dial.go does not compile"
same "without us" "a thread for each" "$(./dial file 200)"
same "nor with the preload" "a thread for each" "$(env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS=nonblock=fix:log=none ./dial file 200)"
FDGUARD_OPTIONS="format=json:log=$tmp/log"
export FDGUARD_OPTIONS
same "observed: nothing changes" "a thread for each" "$("$supervise" ./dial dial file 200)"
check "it is told of" found 'dial turned fd [0-9]* (TCP socket to 127.0.0.1:[0-9]*) blocking by F_SETFL, and with it fd [0-9]*, which shares'
check "how many there were" eventually found '"count":200,"peer":"127.0.0.1:'
fresh
FDGUARD_OPTIONS=$FDGUARD_OPTIONS:nonblock=fix
same "fixed: all deadlines fire" "200 of 200 deadlines fired, few threads: true" "$("$supervise" ./dial dial file 200)"
check "which is said" found '"action":"fixed"'
fresh
same "its right twin" "200 of 200 deadlines fired, few threads: true" "$("$supervise" ./dial dial control 200)"
check "is silent" quiet
go version >want 2>&1
"$supervise" "$(readlink -f "$(command -v go)")" go version >got 2>&1
check "Go's own tool runs as it does" cmp -s want got

finish
