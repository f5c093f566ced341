# SPDX-License-Identifier: MIT
"""datagrams.py syslog|journal FILE [EXPRESSION]…: takes what daemon.py wrote apart, by the grammar of RFC 5424 or of the journal's protocol, strictly, and prints a line for each. The expressions are
Python on d, a list of dictionaries, and have to be true."""
import re
import struct
import sys


def datagrams(path):
    data = open(path, "rb").read()
    while data:
        (n,) = struct.unpack("<I", data[:4])
        yield data[4 : 4 + n]
        data = data[4 + n :]


HEADER = re.compile(
    rb"<(?P<pri>0|[1-9]\d?|1[0-8]\d|19[01])>1 (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) (?P<host>[!-~]{1,255}) (?P<program>[!-~]{1,48}) (?P<procid>[!-~]{1,128}) (?P<msgid>[!-~]{1,32}) "
)
PARAM = re.compile(rb' ([!#-<>-\\^-~]{1,32})="((?:[^"\\\]]|\\["\\\]]|\\(?=[^"\\\]]))*)"')


def syslog(data):
    m = HEADER.match(data)
    d = {k: v.decode() for k, v in m.groupdict().items()}
    at = m.end()
    assert data[at : at + 14] == b"[fdguard@32473", data[at:]
    at += 14
    while data[at : at + 1] == b" ":
        p = PARAM.match(data, at)
        d.setdefault(p[1].decode(), []).append(re.sub(r'\\(["\\\]])', r"\1", p[2].decode()))
        at = p.end()
    assert data[at : at + 2] == b"] ", data[at:]
    message = data[at + 2 :]
    assert b"\n" not in data and b"\0" not in data
    assert message.startswith(b"\xef\xbb\xbf") == any(c > 127 for c in message)
    return d | {"message": message.decode("utf-8-sig"), "size": len(data)}


def journal(data):
    d, at = {"size": len(data)}, 0
    while at < len(data):
        m = re.compile(rb"([A-Z0-9][A-Z0-9_]{0,63})(=|\n)").match(data, at)
        at = m.end()
        if m[2] == b"=":
            end = data.index(b"\n", at)
        else:
            end = at + 8 + struct.unpack("<Q", data[at : at + 8])[0]
            at += 8
        assert data[end : end + 1] == b"\n", data[end:]
        d.setdefault(m[1].decode(), []).append(data[at:end].decode("utf-8", "surrogateescape"))
        at = end + 1
    return d


d = [(syslog if sys.argv[1] == "syslog" else journal)(x) for x in datagrams(sys.argv[2])]
for one in d:
    print(one)
for expression in sys.argv[3:]:
    if not eval(expression):
        sys.exit("not so: %s" % expression)
