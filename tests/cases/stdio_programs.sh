# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# nonblock.stdio on real programs, each with a stdin, and some with a stdout, that this shell holds as well. asyncio, curl and perl leave it non-blocking, and node does
# when it is hung up: named, and put back with fix. node and ssh put it back themselves, on SIGTERM's way out too: silent.
. "$FDG_SRC/tests/harness/lib.sh"
export PATH="$FDG_BIN:/usr/bin:/bin:/usr/sbin:/sbin" LC_ALL=C HOME="$tmp"
cases=$FDG_SRC/tests/cases
need node perl curl ssh sshd ssh-keygen timeout

# shellcheck disable=SC2317 # check calls it
finding() { /usr/bin/python3 "$cases/finding.py" "$tmp/log" "$@"; }

cat >reader.py <<'END'
import asyncio, sys
async def main():
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print((await reader.read()).decode(), end="")
asyncio.run(main())
END
echo 'process.stdin.on("data", (d) => process.stdout.write(d)); process.stdin.on("end", () => {});' >reader.js
# Tells by a file that it has begun, and goes on until it is killed.
echo 'process.stdin.resume(); setTimeout(() => require("fs").writeFileSync("begun", ""), 0); setTimeout(() => {}, 20000);' >waiter.js
echo 'use IO::Handle; STDIN->blocking(0); print while <STDIN>;' >reader.pl

# ---- an ssh server of our own, without a port: ssh talks to it through a pipe ----
if [ "$(id -u)" = 0 ]; then mkdir -p /run/sshd; fi
ssh-keygen -q -t ed25519 -N '' -f server_key
ssh-keygen -q -t ed25519 -N '' -f key
cat >server <<END
HostKey $tmp/server_key
AuthorizedKeysFile $tmp/key.pub
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
END
printf '#!/bin/sh\nunset LD_PRELOAD\nexec /usr/sbin/sshd -i -f %s/server\n' "$tmp" >serve
printf '#!/bin/sh\nexec ssh -F /dev/null -q -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i %s/key -o ProxyCommand=%s/serve nowhere "$@"\n' "$tmp" "$tmp" >to
chmod +x serve to

# run PROGRAM PREFIX…
run() {
	program=$1
	shift
	case $program in
	asyncio) "$@" /usr/bin/python3 reader.py ;;
	curl) "$@" curl -s -T . "file://$tmp/uploaded" ;;
	perl) "$@" perl reader.pl ;;
	node) "$@" node reader.js ;;
	ssh) "$@" ./to cat ;;
	esac
}

# fed PROGRAM PREFIX…: a line goes in, and the program ends; its output and the mode of what it had, stdin and stdout.
fed() {
	echo line | {
		run "$@"
		echo "$(fd-mode 0) $(fd-mode 1)"
	} 2>/dev/null | cat
}

line='line
'
for program in asyncio curl perl node ssh; do
	out=$line left='non-blocking blocking'
	case $program in curl) out= ;; node | ssh) left='blocking blocking' ;; esac
	same "bare: $program" "$out$left" "$(fed $program)"
	for nonblock in report fix; do
		fresh
		want=$left
		[ $nonblock = report ] || want='blocking blocking'
		same "$nonblock: $program" "$out$want" "$(fed $program guarded nonblock=$nonblock)"
		check "$nonblock: $program: covered" found '"id":"run\.start"'
		case $program in
		node | ssh) check "$nonblock: $program puts it back itself: nothing to report" quiet ;;
		*)
			action=reported
			[ $nonblock = report ] || action=fixed
			check "$nonblock: $program: told" finding nonblock.stdio action=$action level=warning fd=0 stream=stdin kind=pipe mode=non-blocking 'other_pid=[1-9]*'
			;;
		esac
	done
done

# A pipe that nobody writes to, and that this shell holds.
mkfifo pipe
# shellcheck disable=SC2094
exec 8<>pipe 9<pipe

# killed SIGNAL PREFIX…: node, when it has begun to read; its status, and the mode of stdin.
killed() {
	signal=$1
	shift
	rm -f begun
	fd-mode 9 blocking
	"$@" node waiter.js <&9 8<&- 9<&- 2>/dev/null &
	program=$!
	until [ -e begun ]; do sleep 0.05; done
	kill "-$signal" "$program"
	wait "$program"
	echo "$? $(fd-mode 9)"
}

for signal in HUP TERM; do
	case $signal in HUP) status=129 left=non-blocking ;; TERM) status=143 left=blocking ;; esac
	same "bare: node, SIG$signal" "$status $left" "$(killed $signal env)"
	for nonblock in report fix; do
		fresh
		same "$nonblock: node, SIG$signal" "$status $left" "$(killed $signal env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:nonblock=$nonblock")"
		check "$nonblock: node, SIG$signal: nothing to report" quiet
	done
done

finish
