# SPDX-License-Identifier: MIT
# sarif_rules.py SCHEMA|limits FILE…: each FILE is valid against the schema of SARIF 2.1.0, and has what code scanning of GitHub asks for beyond it, within
# the limits that its documentation names ("SARIF support for code scanning", "SARIF results exceed limits"); of a huge file the limits alone. Exit
# status 1, having said why, if one is not. Debian's python3-jsonschema.
import gzip
import json
import re
import sys

import jsonschema


def complain(name, what):
    print(f"{name}: {what}")
    complain.number += 1


complain.number = 0


def check_location(name, where, location):
    physical = location.get("physicalLocation", {})
    uri = physical.get("artifactLocation", {}).get("uri", "")
    if not uri or uri.startswith("/") or ".." in uri.split("/") or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", uri):
        complain(name, f"{where}: '{uri}' is no path relative to the repository")
    if not re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri):
        complain(name, f"{where}: '{uri}' is not percent-encoded")
    if physical.get("artifactLocation", {}).get("uriBaseId") != "%SRCROOT%":
        complain(name, f"{where}: no uriBaseId")
    if physical.get("region", {}).get("startLine", 0) < 1:
        complain(name, f"{where}: no line")


def check_rule(name, rule):
    for key in ("name", "shortDescription", "fullDescription", "help", "defaultConfiguration"):
        if key not in rule:
            complain(name, f"rule {rule['id']}: no {key}")
    if len(rule["id"]) > 255 or len(rule.get("name", "")) > 255:
        complain(name, f"rule {rule['id']}: a name longer than 255")
    for key in ("shortDescription", "fullDescription"):
        if not 0 < len(rule.get(key, {}).get("text", "")) <= 1024:
            complain(name, f"rule {rule['id']}: {key} is empty or longer than 1024")
    if rule.get("defaultConfiguration", {}).get("level") not in ("note", "warning", "error"):
        complain(name, f"rule {rule['id']}: no level that the forge shows")
    if not rule.get("help", {}).get("text", "").strip():
        complain(name, f"rule {rule['id']}: no help in text")
    if "help" in rule and not rule["help"].get("markdown", "").strip():
        complain(name, f"rule {rule['id']}: no help in Markdown")


def check_result(name, number, result, rules):
    where = f"result {number}"
    if not 1 <= len(result["locations"]) <= 10:
        complain(name, f"{where}: {len(result['locations'])} locations")
    for location in result["locations"] + result.get("relatedLocations", []):
        check_location(name, where, location)
    for location in result.get("relatedLocations", []):
        if "message" not in location:
            complain(name, f"{where}: a related location without a message")
    if result.get("level") not in ("note", "warning", "error"):
        complain(name, f"{where}: level {result.get('level')}")
    if "ruleIndex" in result and rules[result["ruleIndex"]]["id"] != result["ruleId"]:
        complain(name, f"{where}: ruleIndex and ruleId disagree")
    if not result["message"]["text"] or re.search(r"\]\(|\{[0-9]", result["message"]["text"]):
        complain(name, f"{where}: a message that is empty, or has a link or an argument in it")
    prints = result["partialFingerprints"]
    if not re.fullmatch(r"[0-9a-f]{16}", prints["fdguardFinding/v2"]):
        complain(name, f"{where}: no fingerprint of ours")
    if not result["properties"]["sourceLineKnown"] and "primaryLocationLineHash" not in prints:
        complain(name, f"{where}: the forge would take it for others on the same line")


# What is beyond the first number is not shown; beyond the second the file is refused.
LIMITS = {"results": (5000, 25000), "rules": (25000, 25000), "locations": (100, 1000), "tags": (10, 20), "runs": (20, 20)}
BYTES_MAX = 10_000_000  # compressed


def check_limit(name, where, what, number):
    if number > LIMITS[what][0]:
        complain(name, f"{where}: {number} {what}, of which {LIMITS[what][0]} are shown and {LIMITS[what][1]} taken")


def check_limits(name, text, log):
    if len(gzip.compress(text.encode())) > BYTES_MAX:
        complain(name, f"larger than {BYTES_MAX} bytes, compressed")
    check_limit(name, "file", "runs", len(log["runs"]))
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        if not run["tool"]["driver"].get("name") or len({rule["id"] for rule in rules}) != len(rules):
            complain(name, "no tool, or two rules with one ID")
        check_limit(name, "run", "rules", len(rules))
        check_limit(name, "run", "results", len(run["results"]))
        for rule in rules:
            check_limit(name, rule["id"], "tags", len(rule.get("properties", {}).get("tags", [])))
        for result in run["results"]:
            check_limit(name, "result", "locations", len(result["locations"]) + len(result.get("relatedLocations", [])))
            if "threadFlows" in json.dumps(result.get("codeFlows", [])):
                complain(name, "thread flows: they have limits of their own")


def check_file(name, schema):
    with open(name, encoding="utf-8") as f:
        text = f.read()
    if re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text):
        complain(name, "control characters")
    log = json.loads(text)
    check_limits(name, text, log)
    if not schema:
        return
    for error in jsonschema.Draft202012Validator(schema).iter_errors(log):
        complain(name, f"schema: {'/'.join(map(str, error.path))}: {error.message[:200]}")
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        for rule in rules:
            check_rule(name, rule)
        for number, result in enumerate(run["results"]):
            check_result(name, number, result, rules)


the_schema = None
if sys.argv[1] != "limits":
    with open(sys.argv[1], encoding="utf-8") as f:
        the_schema = json.load(f)
for file in sys.argv[2:]:
    check_file(file, the_schema)
sys.exit(complain.number > 0)
