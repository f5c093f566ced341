# SPDX-License-Identifier: MIT
# Option stacks: as many frames as were asked for, of the code that made the descriptor and of the call that started the child.
. "$FDG_SRC/tests/harness/lib.sh"

deep="$FDG_BIN/stacks-deep"

leak() {
	fresh
	guarded "cloexec=report:stacks=$1" "$deep"
}

leak 1
check 'one frame: the call that made it' found '"created":\[{[^{}]*"symbol":"socket_of_the_pool[^{}]*}\]'
leak 8
check 'eight: its caller too' found '"created":\[{[^{}]*"symbol":"socket_of_the_pool[^{}]*},{[^{}]*"symbol":"pool_open[^{}]*},{[^{}]*"symbol":"main'
leak 2
check 'two: no more than two' found '"created":\[{[^{}]*"symbol":"socket_of_the_pool[^{}]*},{[^{}]*"symbol":"pool_open[^{}]*}\]'
leak 0
check 'none: it is reported all the same' found 'cloexec.leaked'
refuse 'none: without frames' found '"created"'
finish
