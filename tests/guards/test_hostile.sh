# SPDX-License-Identifier: MIT
# Legal programs that a careless shim breaks: the same with us and without, and nothing at warning or above, in every mode.
. "$FDG_SRC/tests/harness/lib.sh"

hostile="$FDG_BIN/cloexec-hostile" show="$FDG_BIN/show-fds"

for way in minus1 many race environ altstack filter orphan forklock grow popens setenv; do
	"$hostile" $way "$show" >want 2>&1
	echo "status $?" >>want
	sleep "$([ $way = orphan ] && echo 0.6 || echo 0)"
	for options in cloexec=fix cloexec.inherited=close; do
		# There the pipe is one that nobody names, and goes as asked for.
		[ "$way $options" != 'altstack cloexec.inherited=close' ] || continue
		fresh
		guarded "$options" "$hostile" $way "$show" >got 2>&1
		echo "status $?" >>got
		sleep "$([ $way = orphan ] && echo 0.6 || echo 0)"
		same "$options: $way" "$(cat want)" "$(cat got)"
		check "$options: $way: nothing at warning or above" quiet
	done
done

# The same orphan, whose dead parent nobody has collected yet.
fresh
guarded cloexec=fix /usr/bin/python3 -c '
import os, sys, time
pid = os.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
time.sleep(0.8)
os.waitpid(pid, 0)' "$hostile" orphan "$show" >got 2>&1
same "a parent that is dead and not collected: the pipe is its child's" "7 pipe" "$(cat got)"
check "a parent that is dead and not collected: nothing at warning or above" quiet
finish
