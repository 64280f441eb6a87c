package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// renames gives the resources of many images other names, without moved blocks, again and again: Terraform then creates and
// destroys in whatever order it comes to, two resources for every image. After every apply the state says staged of an
// image only if the image is, and the next plan is empty. `make renames` does the whole: 40 images, 10 applies of each kind at
// parallelism 10 and 50.
func renames(t *testing.T, p programs) {
	images, rounds := 6, 2
	if os.Getenv("OFFLINEJOIN_LONG") == "1" {
		images, rounds = 40, 10
	}
	env := mirrored(t, p)
	for _, parallelism := range []int{10, 50} {
		t.Run(fmt.Sprintf("parallelism %d", parallelism), func(t *testing.T) {
			r := newRenaming(t, env, images, parallelism)
			r.apply(t, "first-")
			for round := range rounds {
				r.apply(t, fmt.Sprintf("r%d-", round)) // new names for all
				r.apply(t, fmt.Sprintf("r%d-", round)) // the same names, for other images
			}
			t.Logf("%d images at parallelism %d: %d applies with other names, %d resources created, every image looked at after each",
				images, parallelism, 2*rounds, r.created)
		})
	}
}

// renaming is a folder in which Terraform stages a join into each image.
type renaming struct {
	dir, terraform string
	env            []string
	images         []string // their names
	parallelism    int
	random         *rand.Rand
	created        int
}

func newRenaming(t *testing.T, env []string, images, parallelism int) *renaming {
	t.Helper()
	r := &renaming{
		dir: t.TempDir(), terraform: testenv.Tool(t, "terraform"), parallelism: parallelism,
		random: rand.New(rand.NewPCG(13, uint64(parallelism))),
	}
	r.env = append(os.Environ(), append(env, "HOME="+r.dir)...)
	for i := range images {
		name := fmt.Sprintf("w%03d", i+1)
		sampleImage(t, filepath.Join(r.dir, name))
		composeBlob(t, strings.ToUpper(name), filepath.Join(r.dir, name+".djoin"))
		r.images = append(r.images, name)
	}
	must(t, os.WriteFile(filepath.Join(r.dir, "main.tf"), []byte(renamesConfig), 0o600))
	r.run(t, "init")
	return r
}

const renamesConfig = `
terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}
variable "images" { type = map(string) }
resource "offlinejoin_staged_join" "m" {
  for_each     = var.images
  windows_path = "${each.value}/Windows"
  blob_file    = "${each.value}.djoin"
}
`

// apply names the resources with a prefix and the number of a place in a new order, applies, and looks at every image.
func (r *renaming) apply(t *testing.T, prefix string) {
	t.Helper()
	names := map[string]string{}
	for i, image := range r.random.Perm(len(r.images)) {
		names[fmt.Sprintf("%s%02d", prefix, i)] = r.images[image]
	}
	variables, err := json.Marshal(map[string]any{"images": names})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(r.dir, "terraform.tfvars.json"), variables, 0o600))
	r.run(t, "apply", "-auto-approve", fmt.Sprintf("-parallelism=%d", r.parallelism))
	r.created += len(names)
	state := r.staged(t)
	if len(state) != len(names) {
		t.Errorf("after an apply of %d images the state has %d", len(names), len(state))
	}
	for name, image := range names {
		status, err := core.ReadStatus(t.Context(), core.StatusRequest{
			Image: core.ImageAt(filepath.Join(r.dir, image, "Windows")),
		})
		must(t, err)
		if state[name] != "staged" || status.State != core.StateStaged || status.Detail != "" {
			t.Errorf("%s is %s in the state, and its image %s is %s %s", name, state[name], image, status.State, status.Detail)
		}
	}
	r.run(t, "plan", "-detailed-exitcode")
}

// staged returns the status of every resource in the state.
func (r *renaming) staged(t *testing.T) map[string]string {
	t.Helper()
	var shown struct {
		Values struct {
			Root struct {
				Resources []struct {
					Index  string
					Values struct{ Status string }
				}
			} `json:"root_module"`
		}
	}
	must(t, json.Unmarshal(r.run(t, "show", "-json"), &shown))
	found := map[string]string{}
	for _, resource := range shown.Values.Root.Resources {
		found[resource.Index] = resource.Values.Status
	}
	return found
}

// run runs terraform, and returns what it writes to its standard output.
func (r *renaming) run(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), r.terraform, args...)
	var errors strings.Builder
	cmd.Dir, cmd.Env, cmd.Stderr = r.dir, r.env, &errors
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, out, errors.String())
	}
	return out
}
