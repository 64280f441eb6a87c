package lab

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/testenv/wine"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// The program as people run it, in a Windows by Wine: what Wine lacks is skipped with the reason, and a function that returns one
// code for everything passes the steps of that code and fails the others.
func TestTheProgramUnderWine(t *testing.T) {
	prefix := wine.New(t)
	exe := filepath.Join(t.TempDir(), "offlinejoin-lab.exe")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", exe, "./offlinejoin-lab")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	installed := prefix.Install(t, "offlinejoin-lab.exe", program)

	for code, passes := range map[winerr.Code]string{
		winerr.Success:            "request-of-our-blob",
		winerr.BadOfflineJoinInfo: "request-of-a-damaged-blob request-of-half-a-blob",
	} {
		out := prefix.Path("evidence-" + code.Name() + ".json")
		ran := prefix.RunWith(t, []string{wine.Returns(uint32(code))}, installed, "-out", `C:\`+filepath.Base(out))
		raw, err := os.ReadFile(out)
		if err != nil {
			t.Fatalf("%v; the program said %+v", err, ran)
		}
		e, err := claims.Read(bytes.NewReader(raw))
		if err != nil || e.System.Kind != claims.Wine || len(e.Steps) != len(Steps()) {
			t.Fatalf("%v\n%s", err, raw)
		}
		for _, s := range e.Steps {
			want := claims.Failed
			switch {
			case strings.HasPrefix(s.Step, "hives-"), strings.HasPrefix(s.Step, "volume-"):
				want = claims.Skipped
			case strings.Contains(passes, s.Step):
				want = claims.Passed
			}
			if s.Result != want {
				t.Errorf("code %d: %+v, want %s", code, s, want)
			}
		}
		if bytes.Contains(raw, []byte(`C:\\`)) || bytes.Contains(raw, []byte("/tmp/")) {
			t.Errorf("a path is in the evidence:\n%s", raw)
		}
	}
}
