# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# nonblock=fix: a descriptor that asked to block does so in every data call as the kernel would have it, though its description stays non-blocking. FDG_SEED tries other cases.
. "$FDG_SRC/tests/guards/rules.sh"

seed=${FDG_SEED:-2015}

run() {
	"$@" >out 2>&1
	status=$?
	sed -e '/^ok:/d' -e 's/^/# /' out | cut -c1-400
	return $status
}

refuse 'bare nothing is marked' run blocking-scenes
check 'and the scenes see it' grep -q 'is not as it should be' out
check 'fix: every case comes out as on a descriptor that blocks' run guarded nonblock=fix blocking-differential 800 "$seed"
same 'fix: every case was made on a description that stayed non-blocking' 'marked 800' "$(grep -o 'marked [0-9]*$' out)"
check 'fix: so does every scene' run guarded nonblock=fix blocking-scenes
check 'fix: reported as fixed' found '"id":"nonblock\.shared","level":"warning","action":"fixed"'
finish
