package fleet_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// members makes sample images and blobs and their joins.
func members(t testing.TB, names ...string) (dir string, joins []joinfile.Join) {
	t.Helper()
	if _, err := program.Lookup("amd64"); err != nil {
		testenv.Absent(t, err.Error())
	}
	dir = t.TempDir()
	for i, name := range names {
		if err := sample.WriteMember(dir, name); err != nil {
			t.Fatal(err)
		}
		joins = append(joins, joinfile.Join{
			Address: "join." + name, File: "fleet.join.hcl", Line: i + 1,
			BlobFile: filepath.Join(dir, "secrets", name+".djoin"),
			Request: offlinejoin.Request{
				Image:  offlinejoin.ImageAt(filepath.Join(dir, "images", name, "Windows")),
				Expect: offlinejoin.Expect{MachineName: strings.ToUpper(name)},
			},
		})
	}
	return dir, joins
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func copyFile(t testing.TB, to, from string) {
	t.Helper()
	content, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, content, 0o600))
}
