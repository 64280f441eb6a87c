"""Makes in the hive named by the first argument the change that package stage measures."""
import sys

import hivex

hive = hivex.Hivex(sys.argv[1], write=True)
setup = hive.node_get_child(hive.root(), "Setup")
key = hive.node_add_child(setup, "Bench")
for i in range(8):
    hive.node_set_value(key, {"key": "Value%d" % i, "t": 1, "value": ("text %d\0" % i).encode("utf-16-le")})
hive.node_set_value(key, {"key": "Blob", "t": 3, "value": b"\xa5" * 2048})
hive.commit(None)
