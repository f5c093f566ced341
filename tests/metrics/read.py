# SPDX-License-Identifier: MIT
"""read.py FILE [EXPRESSION]…: reads FILE with both parsers of prometheus_client, of OpenMetrics and of the older text that node_exporter knows; both have to find the same numbers. Each expression
is Python, with v(name, label=value…) for the one number that has all these labels, n(name, …) for how many have, and t(name) for a family's type, and has to be true."""
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus


def samples(families):
    return sorted((s.name, tuple(sorted(s.labels.items())), s.value) for f in families for s in f.samples)


text = open(sys.argv[1], encoding="utf-8").read()
families = list(openmetrics(text))
if samples(families) != samples(prometheus(text)):
    sys.exit("the two parsers read different numbers")
if text.count("# EOF") != 1 or not text.endswith("\n# EOF\n"):
    sys.exit("it does not end with # EOF")
for f in families:
    for s in f.samples:
        if not {"pid", "program"} <= s.labels.keys() or s.timestamp is not None or not f.documentation:
            sys.exit("%s: no program, no pid, no help, or a time" % s.name)


def found(name, **labels):
    return [s.value for f in families for s in f.samples if s.name == name and labels.items() <= s.labels.items()]


def v(name, **labels):
    values = found(name, **labels)
    if len(values) != 1:
        sys.exit("%s %s: %d numbers" % (name, labels, len(values)))
    return values[0]


def n(name, **labels):
    return len(found(name, **labels))


def t(name):
    return [f.type for f in families if f.name == name]


for expression in sys.argv[2:]:
    if not eval(expression):
        sys.exit("not so: %s" % expression)
