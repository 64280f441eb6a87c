"""Reads one JSON object a line, {"hive": PATH, "steps": [[what, key path, value name, type, hex data], ...]}, and applies the
steps to the hive with hivex, and says "done"."""
import json
import sys

import hivex


def find(hive, path):
    node = hive.root()
    for name in path.split("\\"):
        node = node and hive.node_get_child(node, name)
    return node


def make(hive, path):
    node = hive.root()
    for name in path.split("\\"):
        node = hive.node_get_child(node, name) or hive.node_add_child(node, name)
    return node


def apply(hive, what, path, name, kind, data):
    if what == "delete key":
        node = find(hive, path)
        if node:
            hive.node_delete_child(node)
    elif what == "delete value":
        node = find(hive, path)
        if node:
            values = [(hive.value_key(v), hive.value_value(v)) for v in hive.node_values(node)]
            keep = [{"key": k, "t": v[0], "value": v[1]} for k, v in values if k.lower() != name.lower()]
            if len(keep) < len(values):
                hive.node_set_values(node, keep)
    else:
        node = make(hive, path)
        hive.node_set_value(node, {"key": name, "t": kind, "value": bytes.fromhex(data)})


for line in sys.stdin:
    job = json.loads(line)
    hive = hivex.Hivex(job["hive"], write=True)
    for step in job["steps"]:
        apply(hive, *step)
    hive.commit(None)
    print("done", flush=True)
