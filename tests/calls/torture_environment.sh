# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# torture_environment.sh PROGRAM CHILD FOREIGN: a program that gives its children an environment of its own still has them covered, unless
# follow=off. FOREIGN is some other library, for a child's LD_PRELOAD of the program's own making.
. "$FDG_SRC/tests/harness/lib.sh"

program=$1 child=$2 foreign=$3
ways='execve execve-null execvpe execle fexecve execveat syscall execv execl vfork posix_spawn posix_spawnp system popen'

has() { case $1 in LD_PRELOAD=*"$2"*) ;; *) return 1 ;; esac }

# children: how many images of CHILD told of their start
children() {
	if [ -e log ]; then grep -c '"exe":"[^"]*calls-child".*"id":"run.start"' log; else echo 0; fi
}

for way in $ways; do
	same "$way, bare: there is no LD_PRELOAD" LD_PRELOAD "$("$program" "$way" "$child" child env LD_PRELOAD)"
	fresh
	same "$way: the child has LD_PRELOAD" "LD_PRELOAD=$FDG_LIB" "$(guarded follow=on "$program" "$way" "$child" child env LD_PRELOAD)"
	same "$way: the child was covered" 1 "$(children)"
	fresh
	same "$way: the child has our options" "FDGUARD_OPTIONS=format=json:log=$(pwd)/log:follow=on" \
		"$(guarded follow=on "$program" "$way" "$child" child env FDGUARD_OPTIONS)"
	fresh
	case $way in execve-null) want=WORD ;; *) want='WORD=1' ;; esac
	same "$way: the child has its own word" "$want" "$(guarded follow=on "$program" "$way" "$child" child env WORD)"
	fresh
	same "$way, follow=off: no LD_PRELOAD" LD_PRELOAD "$(guarded follow=off "$program" "$way" "$child" child env LD_PRELOAD)"
	same "$way, follow=off: not covered" 0 "$(children)"
	case $way in execve-null | system | popen) continue ;; esac
	fresh
	got=$(TORTURE_FOREIGN=$foreign guarded follow=on "$program" "$way" "$child" child env LD_PRELOAD)
	check "$way: a library that the program preloads is kept: $got" has "$got" "$foreign"
	check "$way: and ours is there" has "$got" "$FDG_LIB"
	same "$way: the child was covered" 1 "$(children)"
done
fresh
same "env -i" "LD_PRELOAD=$FDG_LIB" "$(guarded follow=on env -i "$child" child env LD_PRELOAD)"
same "env -i: the child was covered" 1 "$(children)"
fresh
same "env -i inside a shell inside env -i" "LD_PRELOAD=$FDG_LIB" \
	"$(guarded follow=on env -i /bin/sh -c "/usr/bin/env -i $child child env LD_PRELOAD; exit 0")"
same "env -i inside a shell: the child was covered" 1 "$(children)"
fresh
same "env -u" "LD_PRELOAD=$FDG_LIB" "$(guarded follow=on env -u LD_PRELOAD -u FDGUARD_OPTIONS "$child" child env LD_PRELOAD)"
finish
