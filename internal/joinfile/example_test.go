package joinfile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
)

// writeJoinFile makes a folder with a join file in it.
func writeJoinFile(content string) (path string, remove func()) {
	dir, err := os.MkdirTemp("", "joins")
	if err != nil {
		panic(err)
	}
	path = filepath.Join(dir, "web"+joinfile.Ending)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		panic(err)
	}
	return path, func() { os.RemoveAll(dir) }
}

// A join block with for_each declares one join for each key, and the defaults hold for all of them.
func ExampleLoad() {
	path, remove := writeJoinFile(`
variable "images" { default = "/srv/images" }

defaults { domain = "corp.example.com" }

join "web" {
  for_each     = toset(["web01", "web02"])
  windows_path = "${var.images}/${each.key}/Windows"
  blob_file    = "/srv/secrets/${each.key}.djoin"
  machine_name = upper(each.key)
}
`)
	defer remove()
	fleet, diags := joinfile.Load(context.Background(), path, joinfile.Inputs{
		Vars: []joinfile.Var{{Assign: "images=/mnt"}},
	})
	if diags.HasErrors() {
		fmt.Println(diags.Problems())
		return
	}
	for _, join := range fleet.Joins {
		fmt.Println(join.Address, "on line", join.Line)
		fmt.Println("  blob ", join.BlobFile)
		fmt.Println("  must be for", join.Request.Expect.MachineName, "in", join.Request.Expect.Domain)
	}
	// Output:
	// join.web["web01"] on line 6
	//   blob  /srv/secrets/web01.djoin
	//   must be for WEB01 in corp.example.com
	// join.web["web02"] on line 6
	//   blob  /srv/secrets/web02.djoin
	//   must be for WEB02 in corp.example.com
}

// Every mistake is reported with its place and what to write, all of them at once.
func ExampleLoad_mistakes() {
	path, remove := writeJoinFile(`
join "web01" {
  windows_path = "/mnt/web01/Windows"
  blobfile     = "secrets/web01.djoin"
  method       = "regestry"
}
`)
	defer remove()
	fleet, diags := joinfile.Load(context.Background(), path, joinfile.Inputs{})
	fmt.Println("a fleet:", fleet != nil)
	for _, p := range diags.Problems() {
		fmt.Printf("%s:%d: %s\n", filepath.Base(p.File), p.Line, p.Summary)
	}
	// Output:
	// a fleet: false
	// web.join.hcl:4: Unsupported argument
	// web.join.hcl:2: Missing option
	// web.join.hcl:5: Invalid value
}

// The endings decide what a folder's join files are.
func ExampleIsJoinFile() {
	for _, name := range []string{"web.join.hcl", "web.join.hcl.json", "main.tf", "web.hcl"} {
		fmt.Println(name, joinfile.IsJoinFile(name))
	}
	// Output:
	// web.join.hcl true
	// web.join.hcl.json true
	// main.tf false
	// web.hcl false
}
