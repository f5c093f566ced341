# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For the tests of guard reuseport: who runs this, and what the kernel lets him do.

# as_user CMD…: as an ordinary user. Whoever runs the tests as one is one; where another cannot read the build tree, root without his privileges has to do.
as_user() {
	if [ "$(id -u)" != 0 ]; then
		"$@"
	elif setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$FDG_BIN/listeners"; then
		setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	else
		setpriv --bounding-set -all "$@"
	fi
}

# bit N: does /proc/self/status tell of this capability?
bit() {
	caps=$(awk '/^CapEff:/ { print $2 }' /proc/self/status)
	case $1 in
	39) digit=$(printf %s "$caps" | cut -c 7) ;; # of 16: bits 36 to 39
	21) digit=$(printf %s "$caps" | cut -c 11) ;; # bits 20 to 23
	esac
	case $1-$digit in
	39-[89a-f] | 21-[2367abef]) return 0 ;;
	*) return 1 ;;
	esac
}

# May we load eBPF, without being stopped by a container's filter?
may_load() { bit 39 && bit 21 && grep -q '^Seccomp:[[:space:]]*0$' /proc/self/status; }
