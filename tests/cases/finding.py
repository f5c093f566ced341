#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""finding.py [-p KEY] LOG ID [KEY=GLOB…]: is there such a finding in a JSON log?

KEY is a field, or a path into one (created.0.symbol). Exits 0 if a line of LOG with this id matches every condition, 1 if none does, 2 if a
line is no JSON object of the contract. -p prints the field of every line that matches."""
import fnmatch
import json
import sys

ALWAYS = ("v", "time", "pid", "tid", "exe", "guard", "id", "level", "action", "message")


def field(finding, path):
    for step in path.split("."):
        if isinstance(finding, list):
            finding = finding[int(step)] if int(step) < len(finding) else None
        elif isinstance(finding, dict):
            finding = finding.get(step)
        else:
            return None
    return finding


def matches(finding, conditions):
    for condition in conditions:
        key, _, glob = condition.partition("=")
        value = field(finding, key)
        if value is None or not fnmatch.fnmatchcase(str(value), glob):
            return False
    return True


def read(log):
    with open(log, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            try:
                finding = json.loads(line)
                missing = [key for key in ALWAYS if key not in finding]
            except ValueError as e:
                raise SystemExit(complain(f"{log}:{number}: {e}: {line!r}")) from e
            if missing:
                raise SystemExit(complain(f"{log}:{number}: without {', '.join(missing)}: {line!r}"))
            yield finding


def complain(sentence):
    print(sentence, file=sys.stderr)
    return 2


def main(args):
    wanted = None
    if args[0] == "-p":
        wanted, args = args[1], args[2:]
    log, finding_id, conditions = args[0], args[1], args[2:]
    try:
        hits = [f for f in read(log) if f["id"] == finding_id and matches(f, conditions)]
    except OSError as e:
        return complain(str(e))
    if wanted:
        for hit in hits:
            print(field(hit, wanted))
    return 0 if hits else 1


sys.exit(main(sys.argv[1:]))
