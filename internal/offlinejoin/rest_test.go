package offlinejoin

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestHibernatedIsLeftAlone asks for everything that writes, before and after a join was staged.
func TestHibernatedIsLeftAlone(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	windows := req.Image.WindowsPath
	hiberfil := filepath.Join(filepath.Dir(windows), "hiberfil.sys")
	refused := func() {
		t.Helper()
		if err := os.WriteFile(hiberfil, []byte("HIBR and more"), 0o600); err != nil {
			t.Fatal(err)
		}
		before := tree(t, windows)
		const says = "is hibernated (or was shut down with fast startup)"
		_, err := Plan(t.Context(), req)
		wantCode(t, err, winerr.Busy, says, "shutdown /s /full")
		_, err = Stage(t.Context(), req)
		wantCode(t, err, winerr.Busy, says)
		_, err = Unstage(t.Context(), UnstageRequest{Image: req.Image, StagedBy: "test/1"})
		wantCode(t, err, winerr.Busy, says)
		if tree(t, windows) != before {
			t.Error("something was written")
		}
		if err := os.WriteFile(hiberfil, make([]byte, 4096), 0o600); err != nil { // as Windows leaves it when it has resumed
			t.Fatal(err)
		}
	}
	refused()
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	refused()
	if _, err := Unstage(t.Context(), UnstageRequest{Image: req.Image, StagedBy: "test/1"}); err != nil {
		t.Fatal(err)
	}
}

// TestDamageFarFromTheJoinIsRefused lets the security of a key that no join touches point into a free cell: what is staged
// might be put there.
func TestDamageFarFromTheJoinIsRefused(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	file := hivePath(req.Image.WindowsPath, "SYSTEM")
	hive, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const base, binHeader, name, security = 4096, 32, 76, 44
	free, key := 0, 0
	for at := base + binHeader; at < len(hive) && string(hive[at:at+4]) != "hbin"; {
		size := int(int32(binary.LittleEndian.Uint32(hive[at:])))
		switch record := hive[at+4 : at+max(size, -size)]; {
		case size > 0:
			free = at
		case string(record[:2]) == "nk" && strings.HasPrefix(string(record[name:]), "Environment"):
			key = at
		}
		at += max(size, -size)
	}
	if free == 0 || key == 0 {
		t.Fatal("the sample has no such key, or no free cell")
	}
	binary.LittleEndian.PutUint32(hive[key+4+security:], uint32(free-base))
	if err := os.WriteFile(file, hive, 0o600); err != nil {
		t.Fatal(err)
	}
	before := tree(t, req.Image.WindowsPath)
	_, err = Plan(t.Context(), req)
	wantCode(t, err, winerr.CantLoadOfflineHive, "SYSTEM cannot be used", "damaged at offset", "restore it from a backup")
	_, err = Stage(t.Context(), req)
	wantCode(t, err, winerr.CantLoadOfflineHive, "SYSTEM cannot be used")
	if tree(t, req.Image.WindowsPath) != before {
		t.Error("something was written")
	}
}

// TestStatusOfAnUnrecoverableHiveSaysSo makes a hive dirty without logs, with and without a join in it.
func TestStatusOfAnUnrecoverableHiveSaysSo(t *testing.T) {
	t.Parallel()
	for _, want := range []State{StateAbsent, StateStaged} {
		t.Run(string(want), func(t *testing.T) {
			t.Parallel()
			req := newImage(t, sample.Image{})
			if want == StateStaged {
				if _, err := Stage(t.Context(), req); err != nil {
					t.Fatal(err)
				}
			}
			read := func() *Status {
				t.Helper()
				st, err := ReadStatus(t.Context(), StatusRequest{Image: req.Image})
				if err != nil {
					t.Fatal(err)
				}
				if st.State != want {
					t.Errorf("status %s, want %s", st.State, want)
				}
				return st
			}
			if st := read(); st.Detail != "" {
				t.Errorf("a whole hive: %q", st.Detail)
			}
			sampletest.Unrecoverable(t, req.Image.WindowsPath)
			st := read()
			if !strings.Contains(st.Detail, "was not closed cleanly and its logs do not complete it") {
				t.Errorf("detail: %q", st.Detail)
			}
			document, err := json.Marshal(st)
			if err != nil || !strings.Contains(string(document), `"detail":"the SYSTEM hive was not closed cleanly`) {
				t.Errorf("document: %s, %v", document, err)
			}
		})
	}
}
