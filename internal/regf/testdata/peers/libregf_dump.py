"""Reads paths of hives, one a line, writes the canonical dump of each into PATH.libregf, as the library libregf sees
it, and says "done"."""
import hashlib
import re
import sys

import pyregf

CONTROL = re.compile("[\x00-\x1f]")


def printable(name):
    return CONTROL.sub(lambda m: "\\x%02X" % ord(m.group()), name or "")


def dump(root):
    lines = []
    stack = [(root, "")]
    while stack:
        key, path = stack.pop()
        lines.append("K\t" + path)
        for i in range(key.number_of_values):
            value = key.get_value(i)
            data = value.data or b""
            lines.append("V\t%s\t%s\t%d\t%d\t%s" % (path, printable(value.name), value.type, len(data), hashlib.sha256(data).hexdigest()))
        for i in range(key.number_of_sub_keys):
            child = key.get_sub_key(i)
            stack.append((child, path + "\\" + printable(child.name)))
    return sorted((line + "\n").encode("utf-8", "surrogatepass") for line in lines)


for path in map(str.rstrip, sys.stdin):
    try:
        file = pyregf.file()
        file.open(path)
        content = dump(file.get_root_key())
    except Exception as error:
        content = [("error: %s\n" % error).encode()]
    with open(path + ".libregf", "wb") as out:
        out.writelines(content)
    print("done", flush=True)
