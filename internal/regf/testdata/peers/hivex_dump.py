"""Reads paths of hives, one a line, writes the canonical dump of each into PATH.hivex, as the library hivex sees it,
and says "done"."""
import hashlib
import re
import sys

import hivex

CONTROL = re.compile("[\x00-\x1f]")


def printable(name):
    return CONTROL.sub(lambda m: "\\x%02X" % ord(m.group()), name)


def dump(hive):
    lines = []
    stack = [(hive.root(), "")]
    while stack:
        node, path = stack.pop()
        lines.append("K\t" + path)
        for value in hive.node_values(node):
            kind, data = hive.value_value(value)
            name = printable(hive.value_key(value))
            lines.append("V\t%s\t%s\t%d\t%d\t%s" % (path, name, kind & 0xFFFFFFFF, len(data), hashlib.sha256(data).hexdigest()))
        for child in hive.node_children(node):
            stack.append((child, path + "\\" + printable(hive.node_name(child))))
    return sorted((line + "\n").encode("utf-8", "surrogatepass") for line in lines)


for path in map(str.rstrip, sys.stdin):
    try:
        content = dump(hivex.Hivex(path))
    except Exception as error:
        content = [("error: %s\n" % error).encode()]
    with open(path + ".hivex", "wb") as out:
        out.writelines(content)
    print("done", flush=True)
