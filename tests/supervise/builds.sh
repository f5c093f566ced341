# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The ways to link a Go program, for who sources this.

export GOCACHE="$FDG_BIN/../go-cache" # what one test has compiled the others need not

builds="static stripped pie cgo cgo-pie"

# go_build BUILD FILE…: makes the program ./BUILD. cgo-pie is linked by C's linker, and has no section of its own for Go's tables.
go_build() {
	out=$1
	shift
	case $out in
	static) CGO_ENABLED=0 go build -o "$out" "$@" ;;
	stripped) CGO_ENABLED=0 go build -o "$out" -ldflags='-s -w' "$@" ;;
	pie) CGO_ENABLED=0 go build -o "$out" -buildmode=pie "$@" ;;
	cgo) CGO_ENABLED=1 go build -o "$out" "$@" ;;
	cgo-pie) CGO_ENABLED=1 go build -o "$out" -buildmode=pie -ldflags='-linkmode=external -s -w' "$@" ;;
	*) return 1 ;;
	esac
}
