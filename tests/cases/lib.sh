# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # tmp comes from harness/lib.sh
# For the case tests and the demo, after tests/harness/lib.sh: the programs of the field cases and the servers that they talk to.
# A state is how a program was run (healthy, bare, parent, child); what came out is kept in STATE/PROGRAM.out and STATE/PROGRAM.status.

cases=$FDG_SRC/tests/cases
servers=

# A home without settings, the words of no other language, no proxy, no core files; and `fdguard` and `monitor` by name.
cases_begin() {
	trap 'status=$?; cases_end; exit $status' EXIT
	export HOME="$tmp" LC_ALL=C
	unset http_proxy https_proxy ftp_proxy all_proxy HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY WGETRC LYNX_CFG CURL_HOME RSYNC_PROXY
	# shellcheck disable=SC3045 # dash and busybox know it
	ulimit -c 0
	mkdir bin
	ln -s "$FDG_RUN" bin/fdguard
	ln -s "$FDG_BIN/monitor" bin/monitor
	PATH=$tmp/bin:$PATH
	servers_start
}

cases_end() {
	if [ -n "$servers" ]; then
		kill "$servers" 2>/dev/null
		wait "$servers" 2>/dev/null
	fi
	cd /
	rm -rf "$tmp"
}

servers_start() {
	mkdir servers
	/usr/bin/python3 "$cases/servers.py" "$tmp/servers" </dev/null >servers/log 2>&1 &
	servers=$!
	tries=0
	until [ -e servers/ports ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 100 ] || ! kill -0 "$servers" 2>/dev/null; then
			echo "The servers did not start:" >&2
			cat servers/log >&2
			exit 99
		fi
		sleep 0.1
	done
	echo hello >hello
}

port() { sed -n "s/^$1=//p" "$tmp/servers/ports"; }

# probe PROGRAM PREFIX…: runs the program against its server, behind the words of PREFIX, if any.
probe() {
	program=$1
	shift
	input=/dev/null
	case $program in
	wget) set -- "$@" wget -q -O - "http://127.0.0.1:$(port http)/" ;;
	lynx) set -- "$@" lynx -dump "http://127.0.0.1:$(port http)/" ;;
	curl) set -- "$@" curl -sS "http://127.0.0.1:$(port http)/" ;;
	tclsh) set -- "$@" tclsh "$cases/async.tcl" 127.0.0.1 "$(port echo)" ;;
	perl) set -- "$@" perl "$cases/ioselect.pl" 127.0.0.1 "$(port echo)" ;;
	lftp) set -- "$@" lftp -c "open ftp://127.0.0.1:$(port ftp); cat hello.txt" ;;
	rsync)
		rm -rf "$tmp/got"
		set -- "$@" rsync -it "rsync://127.0.0.1:$(port rsync)/files/hello.txt" "$tmp/got/"
		;;
	nc)
		input=$tmp/hello
		set -- "$@" nc.traditional -q 1 -w 2000 127.0.0.1 "$(port echo)"
		;;
	tcp) set -- "$@" "$cases/tcp.py" 127.0.0.1 "$(port slow)" ;;
	tcp-select) set -- "$@" "$cases/tcp.py" 127.0.0.1 "$(port slow)" select ;;
	tcp-libc) set -- "$@" "$cases/tcp.py" 127.0.0.1 "$(port slow)" libc ;;
	tcp-closed) set -- "$@" "$cases/tcp.py" 127.0.0.1 "$(port closed)" select ;;
	*)
		echo "probe: no program $program" >&2
		return 99
		;;
	esac
	timeout 30 "$@" <"$input"
}

# healthy_status PROGRAM, healthy_text PROGRAM: how it ends, and a line of what it prints, when nothing leaks.
healthy_status() {
	case $1 in
	tcp-closed) echo 1 ;;
	*) echo 0 ;;
	esac
}

healthy_text() {
	case $1 in
	wget | curl | lynx | lftp) echo 'hello from a slow server' ;;
	tclsh | perl) echo 'answer: hello' ;;
	nc) echo 'hello' ;;
	rsync) echo '>f+++++++++ hello.txt' ;;
	tcp | tcp-select | tcp-libc) echo 'open' ;;
	tcp-closed) echo 'ECONNREFUSED' ;;
	esac
}

# suffers PROGRAM: false for those that live with high descriptors by themselves: curl, rsync and Python's settimeout wait in poll, perl makes
# its sets as long as they must be.
suffers() {
	case $1 in
	curl | rsync | perl | tcp) return 1 ;;
	esac
}

# bare_status PROGRAM, bare_text PROGRAM: how it ends, and all that it prints, under the parent that leaks. wget and nc look at the number
# and give up without a word; the C library's FD_SET aborts lynx, tclsh and lftp.
bare_status() {
	case $1 in
	lynx | tclsh | lftp) echo 134 ;;
	*) echo 1 ;;
	esac
}

bare_text() {
	case $1 in
	lynx | tclsh | lftp) echo '*** bit out of range 0 - FD_SETSIZE on fd_set ***: terminated' ;;
	tcp-select | tcp-closed) echo 'ValueError: filedescriptor out of range in select()' ;;
	tcp-libc) echo 'EALREADY' ;;
	esac
}

# record STATE PROGRAM PREFIX…
record() {
	state=$1
	shift
	mkdir -p "$state"
	probe "$@" >"$state/$1.out" 2>&1
	echo $? >"$state/$1.status"
}

# has_line FILE TEXT: a whole line, but for blanks in front and a paragraph's tags around it.
has_line() { sed 's/^ *//; s/^<p>//; s/<\/p>$//' "$1" | grep -qxF -e "$2"; }

works() { [ "$(cat "$1/$2.status")" = "$(healthy_status "$2")" ] && has_line "$1/$2.out" "$(healthy_text "$2")"; }
fails_bare() { [ "$(cat "$1/$2.status")" = "$(bare_status "$2")" ] && [ "$(cat "$1/$2.out")" = "$(bare_text "$2")" ]; }

# alike STATE STATE PROGRAM: the same output, error output included, and the same exit status.
alike() {
	diff -u "$1/$3.status" "$2/$3.status" && diff -u "$1/$3.out" "$2/$3.out" && works "$2" "$3"
}

# paragraph FILE ID: prints this finding's paragraphs of a text report.
paragraph() { awk -v id="[$2]" '/^fdguard: / { shown = index($0, id) } !/^(fdguard: |[ \t])/ { shown = 0 } shown' "$1"; }

# names FILE WORD…: each of the words (basic regular expressions) is in the file.
names() {
	text=$1
	shift
	for word in "$@"; do
		grep -q -e "$word" "$text" || {
			echo "# not named: $word"
			return 1
		}
	done
}
