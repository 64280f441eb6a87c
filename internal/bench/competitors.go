package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/bench/hivetask"
)

// subject is one tool for one task; make returns nil when the tool is absent or cannot do the task.
type subject struct {
	name    string
	command func(hive, dir string) (*exec.Cmd, error)
}

// tasks are what is measured, with every tool that can do it.
func tasks(hiveedit string) []struct {
	name     string
	subjects []subject
} {
	own := func(name string) subject {
		return subject{"offlinejoin (durable)", func(hive, _ string) (*exec.Cmd, error) {
			return exec.Command(hiveedit, name, hive), nil
		}}
	}
	return []struct {
		name     string
		subjects []subject
	}{
		{"read one value by its path", []subject{own("get"), {"an empty Go program", emptyProgram(hiveedit)}, hivexget(), pythonGet(), regeditExport()}},
		{"set 4 KiB in an existing key", []subject{own("set"), pythonSet(hivetask.ExistingKey), regeditMerge(hivetask.ExistingKey), reged(hivetask.ExistingKey)}},
		{"create two levels and set 4 KiB", []subject{own("create"), pythonSet(hivetask.NewKey), regeditMerge(hivetask.NewKey), reged(hivetask.NewKey)}},
		{"the registry transaction of one join", []subject{own("record"), hivexshRecord(), pythonRecord()}},
	}
}

// emptyProgram does nothing with our own program: the floor under all of our times.
func emptyProgram(hiveedit string) func(hive, dir string) (*exec.Cmd, error) {
	return func(string, string) (*exec.Cmd, error) { return exec.Command(hiveedit, "nothing", ""), nil }
}

func tool(name string, args ...string) (*exec.Cmd, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, nil // an absent tool is no failure
	}
	return exec.Command(path, args...), nil
}

func hivexget() subject {
	return subject{"hivexget", func(hive, _ string) (*exec.Cmd, error) {
		return tool("hivexget", hive, hivetask.ReadKey, hivetask.ReadValue)
	}}
}

func regeditExport() subject {
	return subject{"hivexregedit --export", func(hive, _ string) (*exec.Cmd, error) {
		return tool("hivexregedit", "--export", hive, `\`+hivetask.ReadKey)
	}}
}

const debianPython = "/usr/bin/python3"

func python(script string, args ...string) (*exec.Cmd, error) {
	if exec.Command(debianPython, "-c", "import hivex").Run() != nil {
		return nil, nil // an absent tool is no failure
	}
	// What the interpreter itself takes is not inside.
	script = "import hivex, sys, time\nstart = time.perf_counter_ns()\n" + script +
		"print('{\"Inside\": %d}' % (time.perf_counter_ns() - start))\n"
	return exec.Command(debianPython, append([]string{"-c", script}, args...)...), nil
}

// walk makes "n" the node of a path, creating what is missing.
const pythonWalk = `
h = hivex.Hivex(sys.argv[1], write=%s)
def walk(path):
    n = h.root()
    for part in path.split("\\"):
        c = h.node_get_child(n, part)
        n = c if c is not None else h.node_add_child(n, part)
    return n
`

func pythonGet() subject {
	return subject{"python3-hivex", func(hive, _ string) (*exec.Cmd, error) {
		script := fmt.Sprintf(pythonWalk, "False") + "h.value_value(h.node_get_value(walk(sys.argv[2]), sys.argv[3]))\n"
		return python(script, hive, hivetask.ReadKey, hivetask.ReadValue)
	}}
}

func pythonSet(key string) subject {
	return subject{"python3-hivex", func(hive, _ string) (*exec.Cmd, error) {
		script := fmt.Sprintf(pythonWalk, "True") +
			"h.node_set_value(walk(sys.argv[2]), {'key': sys.argv[3], 't': 3, 'value': b'\\xab' * 4096})\nh.commit(None)\n"
		return python(script, hive, key, hivetask.ValueName)
	}}
}

func pythonRecord() subject {
	return subject{"python3-hivex", func(hive, _ string) (*exec.Cmd, error) {
		script := fmt.Sprintf(pythonWalk, "True") + `
n = walk("Setup\\OfflineJoin")
vals = [{'key': 'Value%d' % i, 't': 1, 'value': 'corp.example.com\0'.encode('utf-16-le')} for i in range(10)]
h.node_set_values(n, vals + [{'key': 'ProvisioningBlob', 't': 3, 'value': b'\xab' * 2224}])
s = walk("Setup")
h.node_set_value(s, {'key': 'SetupType', 't': 4, 'value': b'\2\0\0\0'})
h.node_set_value(s, {'key': 'CmdLine', 't': 1, 'value': 'odjboot.exe\0'.encode('utf-16-le')})
h.commit(None)
`
		return python(script, hive)
	}}
}

// hivexshRecord does the same with hivexsh, whose lines hold no blob of 2 KiB: it sets 256 bytes.
func hivexshRecord() subject {
	return subject{"hivexsh -w (256-byte blob)", func(hive, dir string) (*exec.Cmd, error) {
		var s strings.Builder
		s.WriteString("cd Setup\nadd OfflineJoin\ncd OfflineJoin\nsetval 11\n")
		for i := range 10 {
			fmt.Fprintf(&s, "Value%d\nstring:corp.example.com\n", i)
		}
		fmt.Fprintf(&s, "ProvisioningBlob\nhex:3:%s\n", strings.TrimSuffix(strings.Repeat("ab,", 256), ","))
		s.WriteString("commit\nexit\n")
		file := filepath.Join(dir, "hivexsh.txt")
		if err := os.WriteFile(file, []byte(s.String()), 0o600); err != nil {
			return nil, err
		}
		return tool("hivexsh", "-w", "-f", file, hive)
	}}
}

// regFile writes a .reg file that sets the value; every level of the key stands in it.
func regFile(dir, prefix, key, newline string) (string, error) {
	var s strings.Builder
	s.WriteString("Windows Registry Editor Version 5.00" + newline)
	parts := strings.Split(key, `\`)
	for i := range parts {
		fmt.Fprintf(&s, "%s[%s%s]%s", newline, prefix, strings.Join(parts[:i+1], `\`), newline)
	}
	raw := hex.EncodeToString(make([]byte, hivetask.ValueSize))
	var pairs []string
	for i := 0; i < len(raw); i += 2 {
		pairs = append(pairs, raw[i:i+2])
	}
	fmt.Fprintf(&s, "\"%s\"=hex:%s%s", hivetask.ValueName, strings.Join(pairs, ","), newline)
	file := filepath.Join(dir, "bench.reg")
	return file, os.WriteFile(file, []byte(s.String()), 0o600)
}

func regeditMerge(key string) subject {
	return subject{"hivexregedit --merge", func(hive, dir string) (*exec.Cmd, error) {
		file, err := regFile(dir, `HKEY_LOCAL_MACHINE\SYSTEM\`, key, "\n")
		if err != nil {
			return nil, err
		}
		return tool("hivexregedit", "--merge", hive, "--prefix", `HKEY_LOCAL_MACHINE\SYSTEM`, file)
	}}
}

func reged(key string) subject {
	return subject{"reged -I -C", func(hive, dir string) (*exec.Cmd, error) {
		file, err := regFile(dir, `HKEY_LOCAL_MACHINE\SYSTEM\`, key, "\r\n")
		if err != nil {
			return nil, err
		}
		return tool("reged", "-I", "-C", hive, `HKEY_LOCAL_MACHINE\SYSTEM`, file)
	}}
}
