# SPDX-License-Identifier: MIT
# A server under inetd has its client as standard input, output and error: findings are not part of the protocol.
. "$FDG_SRC/tests/harness/lib.sh"

cat >serve.py <<'PY'
import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
served, _ = listener.accept()
if os.fork() == 0:
    for fd in (0, 1, 2):
        os.dup2(served.fileno(), fd)
    os.execvpe(sys.argv[1], sys.argv[1:], dict(os.environ, LD_PRELOAD=os.environ["FDG_LIB"]))
os.wait()
served.close()
sys.stdout.write(client.makefile().read())
PY
same 'the client gets the answer and nothing of ours' 'answer' \
	"$(FDGUARD_OPTIONS=nonsense=1:cloexec=report /usr/bin/python3 serve.py sh -c "echo answer; \"$FDG_BIN/cloexec-wrong\" socket fork /bin/true")"
same 'the same server at a terminal or in a file is told, once for all its children' 1 \
	"$(FDGUARD_OPTIONS=nonsense=1:cloexec=report LD_PRELOAD=$FDG_LIB sh -c "\"$FDG_BIN/cloexec-wrong\" socket fork /bin/true" 2>&1 | grep -c 'nonsense')"
finish
