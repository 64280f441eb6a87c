//go:build unix

package cli_test

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/postgres"
)

// TestScriptsWithADatabase runs the scenarios of testdata/database. Each has a role of its own and no table: $URL leads there,
// and `admin` runs a file of SQL as the administrator does.
func TestScriptsWithADatabase(t *testing.T) {
	t.Parallel()
	if !postgres.Installed(t) {
		testenv.Absent(t, "PostgreSQL is not installed (Debian's package postgresql)")
	}
	server := postgres.Start(t, postgres.Options{})
	testscript.Run(t, testscript.Params{
		Dir: "testdata/database",
		Setup: func(env *testscript.Env) error {
			role, url := server.Schema(t, func(string) string { return "" })
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("URL", url)
			env.Setenv("ROLE", role)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"admin": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 1 {
					ts.Fatalf("usage: admin FILE")
				}
				out, err := server.TrySQL("postgres", "set search_path = "+ts.Getenv("ROLE")+";\n"+ts.ReadFile(args[0]))
				ts.Logf("%s", out)
				ts.Check(err)
			},
		},
	})
}
