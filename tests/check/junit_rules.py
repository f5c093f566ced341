# SPDX-License-Identifier: MIT
# junit_rules.py FILE…: each FILE has the elements and attributes that Jenkins' schema of JUnit results (junit-10) lists, in its order, and counts that are
# right. Exit status 1, having said why, if one has not.
import re
import sys
import xml.etree.ElementTree as tree

TEXT = {"type", "message"}
ATTRIBUTES = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set()),
    "testsuite": ({"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
                  {"name", "tests", "failures", "errors"}),
    "properties": (set(), set()),
    "property": ({"name", "value"}, {"name", "value"}),
    "testcase": ({"name", "time", "classname", "group"}, {"name"}),
    "failure": (TEXT, set()), "error": (TEXT, set()), "skipped": (TEXT, set()), "system-out": (set(), set()), "system-err": (set(), set()),
}
CHILDREN = {
    "testsuites": {"testsuite"}, "testsuite": {"testsuite", "properties", "testcase", "system-out", "system-err"}, "properties": {"property"},
    "testcase": {"skipped", "error", "failure", "system-out", "system-err"},
}
wrong = 0


def complain(name, what):
    global wrong
    print(f"{name}: {what}")
    wrong += 1


def check(name, element):
    allowed, needed = ATTRIBUTES[element.tag]
    if set(element.attrib) - allowed or needed - set(element.attrib):
        complain(name, f"<{element.tag}> has {sorted(element.attrib)}")
    if not re.fullmatch(r"([0-9]+(\.[0-9]*)?)?", element.get("time", "")):
        complain(name, f"time {element.get('time')}")
    for child in element:
        if child.tag not in CHILDREN.get(element.tag, set()):
            complain(name, f"<{child.tag}> in <{element.tag}>")
        else:
            check(name, child)


def check_counts(name, suite):
    cases = suite.findall("testcase")
    for what, found in (("tests", len(cases)), ("failures", len(suite.findall("testcase/failure"))), ("errors", len(suite.findall("testcase/error"))),
                        ("skipped", len(suite.findall("testcase/skipped")))):
        if int(suite.get(what)) != found:
            complain(name, f"{what} is {suite.get(what)}, and there are {found}")
    for case in cases:
        if not case.get("classname", "").startswith("fdguard."):
            complain(name, f"class {case.get('classname')}")


for file in sys.argv[1:]:
    root = tree.parse(file).getroot()
    if root.tag != "testsuites":
        complain(file, f"<{root.tag}>")
    check(file, root)
    for one in root.findall("testsuite"):
        check_counts(file, one)
sys.exit(wrong > 0)
