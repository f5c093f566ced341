# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What nonblock=fix has to leave as it is: descriptors whose users count on what was asked for last, or on nothing that anybody could know. Each comes out as without us.
. "$FDG_SRC/tests/guards/rules.sh"

program=nonblock-same

# alike WANT WAY: bare, and with fix
alike() {
	fresh
	want=$1 way=$2
	same "bare: $way" "$want" "$(timeout 60 $program "$way" 2>&1)"
	same "fix: $way" "$want" "$(guarded nonblock=fix:cloexec=off $program "$way" 2>&1)"
}

alike '0 waits' down
alike line file
alike '1 EAGAIN' up
alike '1 EAGAIN' loop
check 'fix: loop: which counts on that' quiet
alike '1 EAGAIN' looped
check 'fix: looped: which counts on that' quiet
for way in given closed spawned vforked sent number login gone left parent child crowd third calmed; do
	alike '0 waits' $way
done
for way in kept vfork; do
	alike '0 waits
0 waits' $way
done
alike '1 EAGAIN
0 waits' refused
# A program that was started has it in the mode in which it set it, and whoever starts another one is not told of that.
fresh
guarded nonblock=fix:cloexec=off nonblock-same calmed >out 2>&1
refuse 'fix: calmed: nobody here changed it' found '"id":"nonblock\.shared"'

# Threads
program=nonblock-races
alike 'wrong 0' reuse
alike 'wrong 0' both

finish
