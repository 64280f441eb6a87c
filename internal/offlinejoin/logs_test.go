package offlinejoin

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/sample"
)

func putLog(t *testing.T, windows, name string, content []byte) {
	t.Helper()
	path := filepath.Join(windows, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLogsAreReadForPeople(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	putLog(t, req.Image.WindowsPath, "debug/NetSetup.log", []byte("one\r\nNetpDoDomainJoin \x1b[31m: 0x0\r\n"))
	wide := utf16.Encode([]rune("\uFEFFerror é\r\n"))
	data := make([]byte, 0, 2*len(wide))
	for _, u := range wide {
		data = binary.LittleEndian.AppendUint16(data, u)
	}
	putLog(t, req.Image.WindowsPath, "Panther/setuperr.log", data)
	long := strings.Repeat("a line of the log\r\n", 20000) + "blob " + testBlob(t, "WEB01").AccountData() + "\r\nthe end"
	putLog(t, req.Image.WindowsPath, "debug/offlinejoin.log", []byte(long))

	st, err := ReadStatus(t.Context(), StatusRequest{Image: ImageAt(req.Image.WindowsPath), Logs: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Logs) != 3 {
		t.Fatalf("logs %+v", st.Logs)
	}
	net, ours, setup := st.Logs[0], st.Logs[1], st.Logs[2]
	if got := strings.Join(net.Lines, "|"); got != "one|NetpDoDomainJoin \uFFFD[31m: 0x0" {
		t.Errorf("NetSetup.log: %q", got)
	}
	if got := strings.Join(setup.Lines, "|"); got != "error é" {
		t.Errorf("setuperr.log: %q", got)
	}
	if n := len(ours.Lines); n != maxLogLines || ours.Lines[n-1] != "the end" || ours.Lines[n-2] != "blob (a blob, masked)" {
		t.Errorf("offlinejoin.log: %d lines, ending with %q", n, ours.Lines[max(0, n-2):])
	}
	if quiet, err := ReadStatus(t.Context(), StatusRequest{Image: ImageAt(req.Image.WindowsPath)}); err != nil || quiet.Logs != nil {
		t.Errorf("logs were read unasked: %v, %v", quiet.Logs, err)
	}
}
