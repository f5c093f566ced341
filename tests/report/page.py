# SPDX-License-Identifier: MIT
"""page.py HOSTILE FLEET MANY: drives the three pages, and tells a line for each thing that is, or is not, as it should be."""
import json
import os
import sys
import time

from browser import Browser

SIZES = ((1280, 800, False), (390, 844, True))
PICTURES = os.environ.get("FDG_PICTURES")  # a directory for those who want to look


def told(sentence, good, got=""):
    print("ok " + sentence if good else "not ok %s: %s" % (sentence, got), flush=True)


def same(sentence, want, got):
    told(sentence, want == got, "want %r, got %r" % (want, got))


def until(b, expression):
    for _ in range(200):
        if b.js(expression):
            return True
        time.sleep(0.05)
    return False


def open_page(b, path, size):
    b.size(*size)
    b.open(path)
    told("%s at %d: the script has run" % (os.path.basename(path), size[0]), until(b, "document.documentElement.dataset.ready === 'yes'"))
    if PICTURES:
        b.picture("%s/%s-%d.png" % (PICTURES, os.path.basename(path)[:-5], size[0]))


COUNT = "document.getElementById('count').textContent"
FOCUS = "(e => e.tagName + ' ' + (e.id || e.textContent.slice(0, 30)))(document.activeElement)"


def hostile(b, page):
    for size in SIZES:
        open_page(b, page, size)
        b.js("document.querySelectorAll('details').forEach(d => d.open = true)")
        time.sleep(0.1)
        same("hostile at %d: nothing of it ran" % size[0], "undefined", b.js("typeof window.ran"))
        same("hostile at %d: no element of its making" % size[0], 0, b.js("document.querySelectorAll('img, body script:not([type]) ~ script:not([type])').length"))
        told("hostile at %d: it is shown" % size[0], b.js("document.body.innerText.includes('</script><script>window.ran=1;alert(1)</script><img src=x')"))
        told("hostile at %d: what reorders text is written out" % size[0], b.js("document.body.innerText.includes('\\\\u202e') && !/[\\u202e\\u2028\\u001b\\u009b]/.test(document.documentElement.textContent)"))
        same("hostile at %d: the page is as wide as the screen" % size[0], size[0], b.js("document.documentElement.scrollWidth"))
    asked = {m["params"]["request"]["url"] for m in b.events if m["method"] == "Network.requestWillBeSent"}
    same("only the page itself was asked for", {"file://" + os.path.abspath(page)}, asked)
    bad = [m for m in b.events if m["method"] in ("Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Log.entryAdded")]
    same("no dialog, no exception, nothing that the policy refused", [], bad)


def tree(b):
    return [n for n in b.call("Accessibility.getFullAXTree")["nodes"] if not n.get("ignored")]


def role(n):
    return n.get("role", {}).get("value")


def name(n):
    return n.get("name", {}).get("value", "")


def reader(b):
    nodes = tree(b)
    roles = [role(n) for n in nodes]
    for wanted in ("banner", "main", "navigation", "search", "contentinfo", "status"):
        told("a screen reader finds: " + wanted, wanted in roles, sorted(set(map(str, roles))))
    same("both counts are told as they change", 2, roles.count("status"))
    levels = [p["value"]["value"] for n in nodes if role(n) == "heading" for p in n.get("properties", []) if p["name"] == "level"]
    told("headings begin with 1 and leave no level out", levels[0] == 1 and all(b <= a + 1 for a, b in zip(levels, levels[1:])), levels)
    unnamed = [role(n) for n in nodes if role(n) in ("button", "link", "combobox", "searchbox", "textbox", "image", "img", "region", "table") and not name(n) and role(n) != "table"]
    same("all that can be used or looked at has a name", [], unnamed)
    images = [n for n in nodes if role(n) in ("image", "img")]
    told("drawings have a description", len(images) == 3 and all(" at most, " in n.get("description", {}).get("value", "") for n in images), [n.get("description") for n in images])
    told("tables have headers", roles.count("columnheader") >= 4 and roles.count("rowheader") >= 2, roles.count("rowheader"))


CONTRAST = """(() => {
const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
const ground = light(getComputedStyle(document.documentElement).backgroundColor);
let least = 99;
for (const e of document.querySelectorAll('p, th, td, a, h1, h2, .dim, .level, .badge, label')) {
	const l = light(getComputedStyle(e).color);
	least = Math.min(least, (Math.max(l, ground) + .05) / (Math.min(l, ground) + .05));
}
return [least, ground > .5 ? 'light' : 'dark'];
})()"""


def looks(b, page):
    for scheme in ("dark", "light"):
        b.media(prefers_color_scheme=scheme)
        open_page(b, page, SIZES[1])
        least, ground = b.js(CONTRAST)
        same("%s is what was asked for" % scheme, scheme, ground)
        told("%s: all text can be read (contrast 4.5 and more)" % scheme, least >= 4.5, least)
    same("phone: the page is as wide as the screen", 390, b.js("document.documentElement.scrollWidth"))
    told("phone: what is touched is 24 high", b.js("[...document.querySelectorAll('button, input, select, summary, nav a')].filter(e => e.offsetParent).every(e => e.getBoundingClientRect().height >= 24)"))
    b.call("Emulation.setEmulatedMedia", media="print")
    same("print: no filter", "none", b.js("getComputedStyle(document.getElementById('filter')).display"))
    b.call("Emulation.setEmulatedMedia", media="")


def keyboard(b, page):
    open_page(b, page, SIZES[0])
    b.key("Tab")
    same("Tab: the first stop skips to the findings", "A Skip to the findings", b.js(FOCUS))
    told("and can be seen", b.js("document.activeElement.getBoundingClientRect().left >= 0 && getComputedStyle(document.activeElement).outlineStyle !== 'none'"))
    b.key("Enter")
    b.key("Tab")
    same("Enter, Tab: the search", "INPUT words", b.js(FOCUS))
    same("all are there", "4 findings", b.js(COUNT))
    b.type("DIAL idle")
    told("typing narrows, and the count tells", until(b, COUNT + " === '1 of 4 findings'"), b.js(COUNT))
    for stop in ("guard", "id", "level", "host"):
        b.key("Tab")
        same("Tab: " + stop, "SELECT " + stop, b.js(FOCUS))
    b.key("Tab")
    b.key("Tab")
    told("Tab, Tab: the finding", b.js(FOCUS).startswith("SUMMARY warning"), b.js(FOCUS))
    b.key("Enter")
    told("Enter opens it", until(b, "document.querySelector('#list details').open && document.querySelector('#list dl') !== null"))
    body = b.js("document.querySelector('#list details').innerText")
    for wanted in ("close what is idle", "dial", "web1 (5 reports, at most 41), web2", "10.0.0.2:80 (4 reports", "How to mend it", "closewait.leak site:libsdk.so:dial"):
        told("it tells: " + wanted, wanted in body, body[:600])
    b.key("Tab", shift=True)
    b.key("Enter")
    told("back, Enter: all are shown again", until(b, COUNT + " === '4 findings'"), b.js(COUNT))


def filters(b):
    choose = "(id, value) => { const s = document.getElementById(id); s.value = value === '' ? '' : [...s.options].find(o => o.textContent.startsWith(value)).value; s.dispatchEvent(new Event('change', { bubbles: true })); }"
    for id, value, want in (("guard", "epoll", "1 of 4 findings"), ("guard", "", "4 findings"), ("level", "warnings", "3 of 4 findings"), ("host", "web2", "3 of 4 findings"), ("id", "cloexec", "0 of 4 findings"),
                            ("level", "all", "1 of 4 findings")):
        b.js("(%s)(%s, %s)" % (choose, json.dumps(id), json.dumps(value)))
        same("%s %s" % (id, value or "all"), want, b.js(COUNT))
    b.js("document.querySelector('.glance a[data-id=\"epoll.spin\"]').click()")
    same("a link of the glance shows its kind", "1 of 4 findings", b.js(COUNT))
    same("and goes there", "H2 findings-title", b.js(FOCUS))


def processes(b):
    text = b.js("document.getElementById('processes').innerText")
    told("the processes are counted", "28 programs ran guarded; 2 did not" in text, text[:300])
    told("what tells nothing is one line", "true × 12" in text, text[:900])
    nested = b.js("(e => e && [...e.querySelectorAll('li')].some(l => l.innerText.startsWith('static') && l.innerText.includes('not guarded')))([...document.querySelectorAll('#tree li')].find(l => l.innerText.startsWith('child')))")
    told("a child stands under its parent, and says that it ran unguarded", nested, text[:900])
    b.js("(i => { i.value = 'static 41'; i.dispatchEvent(new Event('input')); })(document.getElementById('program'))")
    told("they can be found", until(b, "document.getElementById('found').textContent === '2 programs'"), b.js("document.getElementById('found').textContent"))


def charts(b):
    same("three drawings", 3, b.js("document.querySelectorAll('.chart > svg').length"))
    told("with lines", b.js("document.querySelectorAll('.chart polyline').length") >= 4)
    same("wake-ups a second: what two samples make, and what the finding says", "100,5000",
         b.js("[...new Set([...document.querySelectorAll('figure:nth-child(3) tbody .number')].map(e => e.textContent.replace(',', '')))].sort((a, b) => a - b).join()"))


def many(b, page):
    open_page(b, page, SIZES[0])
    same("many: all came", "5,300 findings", b.js(COUNT))
    same("many: a page of them is made", 50, b.js("document.querySelectorAll('#list details').length"))
    same("many: each guard has its count", "cloexec (2,650 findings)", b.js("document.querySelector('#list h3').textContent"))
    b.js("document.querySelector('#more button').click()")
    same("many: more on request", 100, b.js("document.querySelectorAll('#list details').length"))
    told("many: and the focus goes on there", b.js(FOCUS).startswith("SUMMARY error"), b.js(FOCUS))
    b.js("(i => { i.value = 'place_5299 '; i.dispatchEvent(new Event('input')); })(document.getElementById('words'))")
    told("many: the last is found", until(b, COUNT + " === '1 of 5,300 findings'"), b.js(COUNT))
    told("many: and it is the one", b.js("document.querySelector('#list summary').textContent.includes('finding number 5299 ')"))


def main():
    with Browser() as b:
        hostile(b, sys.argv[1])
        keyboard(b, sys.argv[2])
        reader(b)
        filters(b)
        processes(b)
        charts(b)
        looks(b, sys.argv[2])
        many(b, sys.argv[3])
        same("nothing went wrong in the script", [], [m for m in b.events if m["method"] == "Runtime.exceptionThrown"])


main()
