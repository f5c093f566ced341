# SPDX-License-Identifier: MIT
# A parent that leaks the same thing into many children is reported once, however it starts them; the next parent is reported again.
. "$FDG_SRC/tests/harness/lib.sh"

leaks() { findings '"id":"cloexec.leaked"' | wc -l; }

for how in fork vfork path; do
	fresh
	guarded cloexec=report "$FDG_BIN/told-once" $how 5
	same "$how: five children, one report" 1 "$(leaks)"
	guarded cloexec=report "$FDG_BIN/told-once" $how 2
	same "$how: another parent, another report" 2 "$(leaks)"
done
finish
