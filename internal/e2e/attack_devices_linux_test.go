package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// deviceAttacks searches every byte of a file system for a blob after its join was taken back: after a replacement, and after
// runs that were killed at random instants.
func deviceAttacks(t *testing.T, p programs) {
	systems := map[string]func(testing.TB) *sampletest.Device{"ext4": sampletest.NewDevice, "ntfs-3g": sampletest.NewNTFSDevice}
	methods := map[string]sample.Image{"registry": {}, "answer file": {ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"}}
	for system, mounted := range systems {
		for method, image := range methods {
			if long(1, 0) == 0 && (system == "ext4") != (method == "registry") {
				continue
			}
			t.Run(system+", "+method, func(t *testing.T) {
				a := newAttacked(t, p)
				other, otherFile := sampletest.BlobFor(t, "WEB02", 1108)
				a.search = a.search.And(canary.ForBlob(other.Bytes(), other.MachinePassword()))
				device := mounted(t)
				windows, err := sample.WriteTree(device.Dir, image)
				must(t, err)
				stage := []string{"stage", "--windows-path", windows, "--blob-file", a.blob, "--backup", filepath.Join(a.dir, "backup")}
				replace := []string{"stage", "--windows-path", windows, "--blob-file", otherFile, "--on-existing", "replace"}
				unstage := []string{"unstage", "--windows-path", windows}
				began := time.Now()
				if r := a.run(t, stage...); r.code != 0 {
					t.Fatal(r.errors)
				}
				took := time.Since(began)
				killed, kills := 0, long(12, 2)
				for range kills {
					killed += a.kill(t, replace, took)
					a.run(t, replace...)
					killed += a.kill(t, unstage, took)
					a.run(t, unstage...)
					killed += a.kill(t, stage[:5], took)
					a.run(t, stage[:5]...)
				}
				if r := a.run(t, unstage...); r.code != 0 || stateOf(t, p, windows) != core.StateAbsent {
					t.Errorf("it is not taken back: %s", r.errors)
				}
				isWhole(t, windows)
				content := device.Bytes()
				found := a.search.In(content)
				if found != nil {
					t.Errorf("the device holds %q", found)
				}
				if killed == 0 {
					t.Log("no run was killed on the way")
				}
				seen(t, fmt.Sprintf("every byte of %s after stage, replace and unstage (%s), each killed %d times", system, method, kills),
					"no byte of either blob", fmt.Sprintf("%d of %d runs killed on the way; %d MiB searched; found: %q",
						killed, 3*kills, len(content)>>20, found))
			})
		}
	}
}

// kill runs the command line and kills it at a random instant. It returns 1 when that came before its end.
func (a *attacked) kill(t *testing.T, args []string, took time.Duration) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.Int64N(int64(took)+1)))
	defer cancel()
	cmd := exec.CommandContext(ctx, a.command(), args...)
	cmd.Dir = a.dir
	if err := cmd.Run(); err != nil && ctx.Err() != nil {
		return 1
	}
	return 0
}
