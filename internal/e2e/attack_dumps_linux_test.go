package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// dumpAttacks lets each of the three programs die where everything is set for a core dump, while it waits for somebody: the
// system keeps nothing of it.
func dumpAttacks(t *testing.T, p programs) {
	const cookie = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2" // of both kinds of plugins
	windows := sampleImage(t, t.TempDir())
	for name, line := range map[string][]string{
		"offlinejoin":                    {"stage", "--windows-path", windows, "--blob-file", "-"}, // waits for the blob
		"packer-plugin-offlinejoin":      {"start", "provisioner", "-packer-default-plugin-name-"},
		"terraform-provider-offlinejoin": {},
	} {
		dir := t.TempDir()
		cmd := exec.CommandContext(t.Context(), "sh", append([]string{
			"-c", `ulimit -c unlimited 2>/dev/null; exec "$@"`, "sh", filepath.Join(p.bin, name),
		}, line...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOTRACEBACK=crash", "PACKER_PLUGIN_MAGIC_COOKIE="+cookie, "TF_PLUGIN_MAGIC_COOKIE="+cookie,
			"PACKER_PLUGIN_MIN_PORT=30000", "PACKER_PLUGIN_MAX_PORT=31000", "HOME="+dir, "TMPDIR="+dir)
		held, err := cmd.StdinPipe()
		must(t, err)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		limit := coreLimit(t, cmd.Process.Pid)
		must(t, cmd.Process.Signal(syscall.SIGABRT))
		_, _ = io.Copy(io.Discard, out) // what it says when it dies is of no matter
		_ = cmd.Wait()                  // it dies of the signal
		_ = held.Close()
		status, is := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if !is || !status.Signaled() {
			t.Errorf("%s did not die of the signal: %v", name, cmd.ProcessState)
		}
		left, err := filepath.Glob(filepath.Join(dir, "*core*"))
		must(t, err)
		if limit != "0 0" || status.CoreDump() || len(left) > 0 {
			t.Errorf("%s: core size %s, dumped %v, left %q", name, limit, status.CoreDump(), left)
		}
		seen(t, name+" dies by SIGABRT with unlimited core dumps", "no core dump",
			fmt.Sprintf("core size %s, dumped: %v, %d files", limit, status.CoreDump(), len(left)))
	}
}

var coreSize = regexp.MustCompile(`Max core file size +(\S+) +(\S+)`)

// coreLimit waits until a program has set its core size to nothing, and returns what it is then.
func coreLimit(t *testing.T, pid int) string {
	t.Helper()
	const long = 20 * time.Second
	for giveUp := time.Now().Add(long); ; time.Sleep(5 * time.Millisecond) {
		limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
		m := coreSize.FindSubmatch(limits)
		if time.Now().After(giveUp) {
			return fmt.Sprintf("unknown: %q, %v", m, err)
		}
		if err == nil && m != nil && string(m[1]) == "0" && string(m[2]) == "0" {
			return fmt.Sprintf("%s %s", m[1], m[2])
		}
	}
}
