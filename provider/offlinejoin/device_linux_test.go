package offlinejoin

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestBlockDevice stages into a block device and takes the join back, with the folder of its journal in the configuration and
// in the state; without one the plan refuses.
func TestBlockDevice(t *testing.T) {
	t.Parallel()
	device := testenv.LoopDevice(t, goldenImage(t))
	journals := filepath.Join(t.TempDir(), "journals")
	if err := os.Mkdir(journals, 0o700); err != nil {
		t.Fatal(err)
	}
	_, file := sampletest.Blob(t)
	p := newPlugin(t, nil)
	config := map[string]string{"image_path": device, "blob_file": file}
	expect(t, p.plan(config).Diagnostics, true, "journal_dir")

	config["journal_dir"] = journals
	p = newPlugin(t, nil)
	planned := p.plan(config)
	p.good(planned.Diagnostics)
	applied := p.apply(config, planned)
	p.good(applied.Diagnostics)
	read := p.refresh(applied.NewState, applied.Private)
	p.good(read.Diagnostics)
	if got := text(t, p.attributes(read.NewState)["status"]); got != "staged" {
		t.Errorf("the status is %q", got)
	}
	data := p.read("offlinejoin_image", map[string]string{"image_path": device, "journal_dir": journals})
	p.good(data.Diagnostics)
	p.good(p.destroy(read.NewState, read.Private))
	gone := p.refresh(applied.NewState, applied.Private)
	p.good(gone.Diagnostics)
	if got := text(t, p.attributes(gone.NewState)["status"]); got != "absent" {
		t.Errorf("after destroying the status is %q", got)
	}
	left, err := os.ReadDir(journals)
	if err != nil || len(left) != 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}
