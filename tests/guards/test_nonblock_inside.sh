# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# With nonblock=fix a descriptor that is to block does so in our data calls alone; libc's and the kernel's own waits must not meet the mode that its copy has.
. "$FDG_SRC/tests/guards/rules.sh"

# moves WANT CALL [PROGRAM]
moves() {
	want=$1 call=$2 program=${3:-nonblock-inside}
	same "bare: $call" "$want" "$(timeout 60 "$program" "$call" 2>&1)"
	for mode in report fix off; do
		fresh
		same "$mode: $call" "$want" "$(guarded "nonblock=$mode" "$program" "$call" 2>&1)"
		check "$mode: $call: covered" covered
	done
}

moves 1048576 dprintf
moves 1048576 vdprintf
moves 1048576 fdopen
moves 5 tee
moves 1048576 aio
moves 1048576 listio
moves 1048576 listio-old
moves 7 eventfd
# Kinds that other calls wait for too, and calls that go past libc's names
for call in mqueue pidfd sendfile tee submit backtrace; do
	moves 5 $call nonblock-waits
done
moves 77 reused
# Programs that get it, a child that takes it over, a process that it is sent to
for call in exec vfork spawn child sendmsg; do
	moves 5 $call
done
finish
