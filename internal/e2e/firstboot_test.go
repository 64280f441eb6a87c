package e2e

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/testenv/wine"
)

// machine boots images under Wine, one after the other.
type machine struct {
	prefix *wine.Prefix
	turns  sync.Mutex
}

// boot does what Windows does at the first boot of an image: the registry that staging left becomes Wine's, the
// program that staging put in System32 runs, and what it made of the registry and of its own file goes back into the
// image. It returns the bytes that Windows' function received.
func (m *machine) boot(t testing.TB, windows string) []byte {
	t.Helper()
	m.turns.Lock()
	defer m.turns.Unlock()
	hive := openSystem(t, windows)
	m.prefix.TakeOver(t, hive.Hive)
	exe := m.insert(t, filepath.Join(windows, "System32", completion.ProgramFile))

	result := m.prefix.Run(t, exe, wine.Returns(0))
	if result.ExitCode != 0 || result.Output != "" {
		t.Fatalf("the completion program: exit code %d, output %q", result.ExitCode, result.Output)
	}
	call, called := m.prefix.Call(t)
	if !called || call.Options != completion.ProvisionOnlineCall || !strings.EqualFold(call.WindowsPath, `C:\windows`) {
		t.Fatalf("Windows' function was called: %v, options %#x, path %q", called, call.Options, call.WindowsPath)
	}
	if found := m.prefix.FilesWith(t, call.Blob); found != nil {
		t.Errorf("after the first boot the blob is still in %v", found)
	}
	m.prefix.GiveBack(t, hive.Hive)
	hive.save(t)
	m.prefix.Boot(t)
	if _, err := os.Stat(exe); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the completion program is still there after the restart: %v", err)
	}
	must(t, os.Remove(filepath.Join(windows, "System32", completion.ProgramFile)))
	return call.Blob
}

// insert copies the program of an image into Wine's Windows.
func (m *machine) insert(t testing.TB, program string) string {
	t.Helper()
	exe, err := os.ReadFile(program)
	must(t, err)
	return m.prefix.Install(t, completion.ProgramFile, bytes.NewReader(exe))
}
