# SPDX-License-Identifier: MIT
"""closewait_tls.py CERT KEY SECONDS: TLS connections whose peer says close_notify and closes; each is answered and closed, some time later."""
import socket
import ssl
import sys
import threading
import time

cert, key, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
theirs.load_cert_chain(cert, key)
ours = ssl.create_default_context(cafile=cert)
listener = socket.create_server(("127.0.0.1", 0))


def serve():
    while True:
        conn = theirs.wrap_socket(listener.accept()[0], server_side=True)
        conn.sendall(b"bye")
        try:
            conn.unwrap()
        except (OSError, ssl.SSLError):
            pass
        conn.close()


threading.Thread(target=serve, daemon=True).start()
end = time.monotonic() + seconds
while time.monotonic() < end:
    tls = ours.wrap_socket(socket.create_connection(listener.getsockname()), server_hostname="localhost")
    assert tls.recv(10) == b"bye"
    assert tls.recv(10) == b""  # its close_notify
    time.sleep(0.2)
    tls.unwrap().close()
print("done")
