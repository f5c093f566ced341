# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Programs that pass descriptors on: make's jobserver, systemd-socket-activate, gpg, Python's pass_fds, node's fork, servers that restart by exec.
. "$FDG_SRC/tests/guards/rules.sh"
need make systemd-socket-activate gpg gpgconf node
nl='
'
cd "$tmp" || exit 99

# Two sub-makes of two jobs each: the four wait for each other, so that they end only if the jobserver gave all four a token.
mkdir jobs
cat >jobs/Makefile <<'END'
all: left right
left right: ; +@$(MAKE) --no-print-directory -f sub.mk side=$@
END
cat >jobs/sub.mk <<'END'
all: $(side)-1 $(side)-2
$(side)-%: ; @touch here.$@; sh wait.script
END
cat >jobs/wait.script <<'END'
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ "$(ls here.* | wc -l)" -eq 4 ] && exit 0
	sleep 0.25
done
echo "only $(ls here.* | wc -l) jobs of 4 ran together"
exit 1
END
cat >build.script <<'END'
rm -f jobs/here.*
make --no-print-directory -C jobs -j4 2>&1 && echo built
END
rule "make -j4, recursive" built sh build.script

cat >activate.script <<'END'
rm -f sock
systemd-socket-activate "$@" >activate.out 2>activate.err &
pid=$!
for try in $(seq 200); do [ -S sock ] && break; sleep 0.05; done
cloexec-activated connect sock
kill "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
END
rule "systemd-socket-activate" "hello from a listener" sh activate.script -l "$PWD/sock" "$FDG_BIN/cloexec-activated"
rule "systemd-socket-activate --accept" "hello from a connection" sh activate.script --accept -l "$PWD/sock" "$FDG_BIN/cloexec-activated" --accept
rule "systemd-socket-activate --accept --inetd" "hello from an inetd service" \
	sh activate.script --accept --inetd -l "$PWD/sock" "$FDG_BIN/cloexec-activated" --inetd

for way in env argv convention nginx; do
	rule "a server that replaces itself, listener by $way" "accepted: queued by the first image" "$FDG_BIN/cloexec-server" $way
done

# gpg writes its status lines to 3 and reads the passphrase from 4.
cat >gpg.script <<'END'
export GNUPGHOME="$PWD/gnupg"
rm -rf "$GNUPGHOME" out.gpg
mkdir -m 700 "$GNUPGHOME"
echo "a passphrase" >pass
gpg --batch --quiet --pinentry-mode loopback --status-fd 3 --passphrase-fd 4 --logger-fd 5 -o out.gpg --symmetric input 3>status 4<pass 5>logger
grep -o 'BEGIN_ENCRYPTION\|END_ENCRYPTION' status
gpgconf --kill gpg-agent
gpg --batch --quiet --pinentry-mode loopback --status-fd=3 --passphrase-fd=4 --decrypt out.gpg 3>status 4<pass 5>logger 2>/dev/null
grep -o 'DECRYPTION_OKAY' status
gpgconf --kill gpg-agent
END
echo "a secret" >input
rule "gpg --status-fd 3 --passphrase-fd 4" "BEGIN_ENCRYPTION${nl}END_ENCRYPTION${nl}a secret${nl}DECRYPTION_OKAY" sh gpg.script

cat >pass_fds.py <<'END'
import os, socket, subprocess, sys
def child(*argv, **how):
    print(subprocess.run(argv, stdout=subprocess.PIPE, text=True, **how).stdout, end="", flush=True)
a, b = socket.socketpair()
r, w = os.pipe()
say = f"import os; os.write({b.fileno()}, b'by socket'); os.write({w}, b'by pipe')"
child(sys.executable, "-c", say, pass_fds=[b.fileno(), w])
print(a.recv(100).decode(), os.read(r, 100).decode(), flush=True)
os.dup2(b.fileno(), 17)
os.dup2(w, 18)
child("show-fds", pass_fds=[17, 18])                    # nothing in argv names them
child("show-fds")                                       # nothing is passed
os.set_inheritable(17, False)
os.set_inheritable(18, False)
os.set_inheritable(b.fileno(), True)
child("sh", "-c", "show-fds", close_fds=False)
os.set_inheritable(b.fileno(), False)
child("sh", "-c", "cat; show-fds", stdin=open("/etc/hostname"), pass_fds=[r], preexec_fn=lambda: None)
END
host=$(cat /etc/hostname)
rule "Python's pass_fds" "by socket by pipe${nl}17 socket${nl}18 pipe${nl}4 socket${nl}$host${nl}5 pipe" /usr/bin/python3 pass_fds.py

cat >restart.py <<'END'
import os, socket, sys
if len(sys.argv) == 1:
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    client.send(b"queued")
    os.set_inheritable(listener.fileno(), True)
    os.execv(sys.executable, [sys.executable, sys.argv[0], "again"])
print(socket.socket(fileno=3).accept()[0].recv(100).decode())
END
rule "a Python server that replaces itself, by convention" queued /usr/bin/python3 restart.py

cat >restart.pl <<'END'
use IO::Socket::INET; use Fcntl;
if (!@ARGV) {
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die $!;
	my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $listener->sockport) or die $!;
	$client->autoflush(1);
	print $client "queued\n";
	fcntl($listener, F_SETFD, 0);
	$ENV{SERVER_STARTER_PORT} = $listener->sockport . '=' . fileno($listener);
	exec $^X, $0, 'again';
}
my ($fd) = $ENV{SERVER_STARTER_PORT} =~ /=(\d+)/;
my $listener = IO::Socket::INET->new;
$listener->fdopen($fd, 'r') or die $!;
print $listener->accept->getline;
END
rule "a Perl server that replaces itself, number in the environment" queued perl restart.pl

cat >fork.js <<'END'
if (process.argv[2] === 'child') {
	process.on('message', m => { process.send(m.toUpperCase()); process.disconnect(); });
} else {
	const child = require('child_process').fork(__filename, ['child']);
	child.on('message', m => console.log(m));
	child.on('exit', code => console.log('exit', code));
	child.send('over ipc');
}
END
rule "node's fork, with its channel" "OVER IPC${nl}exit 0" node fork.js
rule "as node does it" "3 socket" env NODE_CHANNEL_FD=3 cloexec-wrong socket vfork "$FDG_BIN/show-fds"

finish
