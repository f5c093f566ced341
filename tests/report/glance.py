# SPDX-License-Identifier: MIT
"""glance.py PAGE: is all that it has to say about the five cases on the first screen of a desktop?"""
import os
import sys

from browser import Browser

# finding: what is said of it, where, what to do
WANTED = {
    "cloexec.leaked": ("inherited 1,100 UDP sockets from monitor", "dns_pool_open", "SOCK_CLOEXEC"),
    "select.overflow": ("called select on fd 1045", "called at", "poll"),
    "closewait.leak": ("360 sockets to 127.0.0.", "DataApi::connect", "close what has been idle"),
    "reuseport.reset": ("connections in its queue: the kernel resets them", "restart", "tcp_migrate_req"),
    "epoll.spin": ("times a second with EPOLLERR", "backend_add", "EPOLLERR as readable"),
    "nonblock.shared": ("blocking by F_SETFL", "file_of", "leave the mode of a shared description alone"),
}
ROW = """id => { const a = [...document.querySelectorAll('.glance a')].find(a => a.dataset.id === id), row = a && a.closest('tr'), box = row && row.getBoundingClientRect();
return a && [[...row.cells].map(c => c.innerText), box.top, box.bottom, [...row.querySelectorAll('.clamp')].every(c => c.scrollHeight <= c.clientHeight + 1)]; }"""


def told(sentence, good, got):
    print("ok " + sentence if good else "not ok %s: %s" % (sentence, got), flush=True)


with Browser() as b:
    b.size(1280, 800)
    b.open(sys.argv[1])
    if os.environ.get("FDG_PICTURES"):
        b.picture(os.environ["FDG_PICTURES"] + "/cases-1280.png")
    for id, (what, where, cure) in WANTED.items():
        row = b.js("(%s)('%s')" % (ROW, id))
        if not row:
            told(id + " is at a glance", False, None)
            continue
        cells, top, bottom, whole = row
        told(id + ": what", what in cells[0] and whole, cells[0])
        told(id + ": where", where in cells[1], cells[1])
        told(id + ": since when", cells[2][:2] == "20" and ":" in cells[2], cells[2])
        told(id + ": what to do", cure in cells[3], cells[3])
        told(id + ": without scrolling", 0 <= top and bottom <= 800, (top, bottom))
