# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A descriptor whose number is in the child's command line or environment is meant; another number there saves nothing.
. "$FDG_SRC/tests/guards/rules.sh"
nl='
'

for kind in socket pipe file epoll; do
	case $kind in
	pipe) want="3 pipe${nl}4 pipe" words="--fds=3,4" ;;
	epoll) want="3 [eventpoll]" words="--fd=3" ;;
	*) want="3 $kind" words="--fd=3" ;;
	esac
	for how in exec fork vfork spawn; do
		rule "$kind named by $words, $how" "$want" cloexec-wrong $kind $how "$FDG_BIN/show-fds" $words
	done
done

for words in "--fd 3" "3" "-f3" "--status-fd=3" "/dev/fd/3" "/proc/self/fd/3" "fd://3" "fd:3" "--listen=fd://3" "--in=/dev/fd/3,ro" "--jobserver-auth=3,4"; do
	# shellcheck disable=SC2086 # words, on purpose
	rule "a socket named by $words" "3 socket" cloexec-wrong socket fork "$FDG_BIN/show-fds" $words
done
rule "a socket named in a shell's redirection" "3 socket" cloexec-wrong socket fork /bin/sh -c "$FDG_BIN/show-fds <&3"
rule "a file read through a shell's redirection" "root" cloexec-wrong file fork /bin/sh -c 'IFS=: read -r name rest <&3; echo $name'
rule "a file read by its name in /dev/fd" "root" cloexec-wrong file fork /usr/bin/awk -F: 'NR == 1 { print $1 }' /dev/fd/3
rule "a file read by its name in /proc, by system()" "root" cloexec-wrong file system /usr/bin/awk -F: 'NR == 1 { print $1 }' /proc/self/fd/3

for variable in SERVER_FD=3 EINHORN_SOCK_FD=3 GUNICORN_FD=3 "UNICORN_FD=3,4" "NGINX=3;" "PUMA_INHERIT_0=3:tcp://0.0.0.0:80" NODE_CHANNEL_FD=3 \
	"HAPROXY_PROCESSES=|type=m;fd=-1;pid=70;|type=w;fd=3;pid=71;" \
	"LISTENER=fd://3" "INPUT=/dev/fd/3"; do
	for how in exec vfork spawn system; do
		rule "a socket named by $variable, $how" "3 socket" env "$variable" cloexec-wrong socket $how "$FDG_BIN/show-fds"
	done
done

rule "a pipe named by MAKEFLAGS" "3 pipe${nl}4 pipe" env "MAKEFLAGS= -j4 --jobserver-auth=3,4" cloexec-wrong pipe fork "$FDG_BIN/show-fds"

# No names: the number is part of another, or the variable is known to mean something else.
for words in "--fd=33" "--fd=13" "fd://30" "/dev/fd/31" "x3y" "/usr/lib3/x" "10.3.0.1" "2023-03-03"; do
	fresh
	same "fix: $words names no descriptor 3" "" "$(guarded cloexec=fix cloexec-wrong socket fork "$FDG_BIN/show-fds" "$words")"
	fresh
	same "report: $words names no descriptor 3, and the child is as bare" "3 socket" \
		"$(guarded cloexec=report cloexec-wrong socket fork "$FDG_BIN/show-fds" "$words")"
	check "report: $words: the leak is reported" found '"id":"cloexec\.leaked"'
done
# (make's recipes have MAKEFLAGS and not its pipe: their first own descriptors get the pipe's numbers.)
for variable in SHLVL=3 LINES=3 COLUMNS=3 "MAKEFLAGS= -j3" "MAKEFLAGS= -j4 --jobserver-auth=3,4" "DISPLAY=:3"; do
	fresh
	same "fix: $variable names no descriptor" "" "$(guarded cloexec=fix env "$variable" cloexec-wrong socket fork "$FDG_BIN/show-fds")"
	check "fix: $variable: covered" covered
done

finish
