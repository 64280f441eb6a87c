package wine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Returns is the environment for [Prefix.Run] that tells the stub what NetRequestOfflineDomainJoin returns: the first
// call the first code, and so on; the last one repeats.
func Returns(codes ...uint32) string {
	words := make([]string, len(codes))
	for i, code := range codes {
		words[i] = strconv.FormatUint(uint64(code), 10)
	}
	return "STUB_CODES=" + strings.Join(words, ",")
}

// Records is the environment that tells the stub where its record goes, for programs that do not inherit that of [Prefix.Run].
func (p *Prefix) Records() string { return "STUB_DIR=" + windowsPath(p.records()) }

// Crashes is the environment for [Prefix.Run] that lets the stub crash in NetRequestOfflineDomainJoin.
func Crashes() string { return "STUB_CODES=crash" }

// Hangs is the environment for [Prefix.Run] that keeps NetRequestOfflineDomainJoin from ever returning.
func Hangs() string { return "STUB_CODES=hang" }

// Call is one call of NetRequestOfflineDomainJoin as the stub received it.
type Call struct {
	Blob        []byte
	Options     uint32
	WindowsPath string
	SetupType   uint32 // what SYSTEM\Setup had at that moment; the largest number: nothing
}

// Call returns the last run's only call. ok is false when there was none; more than one is an error.
func (p *Prefix) Call(t testing.TB) (call Call, ok bool) {
	t.Helper()
	calls := p.Calls(t)
	if len(calls) > 1 {
		t.Fatalf("NetRequestOfflineDomainJoin was called %d times", len(calls))
	}
	if len(calls) == 0 {
		return Call{}, false
	}
	return calls[0], true
}

// Calls returns the last run's calls in order.
func (p *Prefix) Calls(t testing.TB) []Call {
	t.Helper()
	var calls []Call
	for n := 1; ; n++ {
		base := filepath.Join(p.records(), fmt.Sprintf("call-%d.", n))
		text, err := os.ReadFile(base + "txt")
		if os.IsNotExist(err) {
			return calls
		}
		if err != nil {
			t.Fatal(err)
		}
		blob, err := os.ReadFile(base + "bin")
		if err != nil {
			t.Fatal(err)
		}
		call, err := parseCall(text)
		if err != nil {
			t.Fatalf("%stxt: %v", base, err)
		}
		call.Blob = blob
		calls = append(calls, call)
	}
}

func parseCall(text []byte) (c Call, err error) {
	head, path, ok := bytes.Cut(text, []byte("path "))
	if !ok {
		return c, fmt.Errorf("no path in %q", text)
	}
	c.WindowsPath = strings.TrimRight(string(path), "\r\n")
	var size uint32
	_, err = fmt.Sscanf(string(head), "size %d\noptions %d\nsetup_type %d\n", &size, &c.Options, &c.SetupType)
	return c, err
}
