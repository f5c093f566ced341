# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# connect.retry: a blocking TCP connect that is refused is made again, and nothing else is.
. "$FDG_SRC/tests/harness/lib.sh"

client() { rm -f late; timeout 60 "$FDG_BIN/connect-retry" "$@" 2>&1; }
retried() { rm -f late; guarded "connect.retry=$1:cloexec.inherited=keep" timeout 60 "$FDG_BIN/connect-retry" "$2" 2>&1; }
kept='port kept, 1 1 77 55555'

for how in plain never unix nonblocking signal; do
	same "bare: $how" refused "$(client $how)"
	same "without the option: $how" refused "$(retried 0 $how)"
done
same "bare: bound" "refused, $kept" "$(client bound)"
same "bare: closed" "refused, nothing else" "$(client closed)"

same "the server is there by the time of the 9th attempt or so" connected "$(retried 20 plain)"
same "on the same socket: its port and options are kept" "connected, $kept" "$(retried 20 bound)"
same "a port that bind chose would not be kept" "refused, $kept" "$(retried 20 chance)"
same "three attempts are over before that" refused "$(retried 3 plain)"
same "nobody ever listens" refused "$(retried 8 never)"
same "UNIX sockets are not TCP" refused "$(retried 20 unix)"
same "a socket that does not block" refused "$(retried 20 nonblocking)"
same "a signal ends the pause" refused "$(retried 20 signal)"
same "so does cancellation" cancelled "$(retried 20 cancel)"
same "another socket by the number is not connected" "refused, nothing else" "$(retried 20 closed)"
same "TCP that blocks by nonblock=fix alone is tried again, too" connected "$(retried 20:nonblock=fix plain)"
check "nothing is reported" quiet

counted() { grep -c "/connect-retry\",\"guard\":\"run\",\"id\":\"run.end\".*\"connects_retried\":$1,\"connects_saved\":$2[,}]" log; }
for how in '20 plain 1 1' '8 never 1 0' '20 nonblocking 0 0' '20 chance 0 0' '20 signal 1 0'; do
	# shellcheck disable=SC2086 # four words
	set -- $how
	fresh
	retried "$1" "$2" >/dev/null
	same "run.end tells: $2" 1 "$(counted "$3" "$4")"
done
fresh
retried 0 plain >/dev/null
refuse "… not without the option" found connects_

finish
