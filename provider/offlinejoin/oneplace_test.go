package offlinejoin

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestTwoImagesAtOnePlace mounts one image after the other at one place: the ledger keeps the blob from the second, in the plan
// already, and says how the use of an image is released that is no more.
func TestTwoImagesAtOnePlace(t *testing.T) {
	t.Parallel()
	image, other := sampletest.Image(t, sample.Image{}), sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	config := map[string]string{"windows_path": image, "blob_file": file}
	ledger := filepath.Join(t.TempDir(), "ledger")
	options := map[string]string{"ledger_file": ledger}
	p := newPlugin(t, options)
	p.good(p.apply(config, p.plan(config)).Diagnostics)
	rename(t, image, image+".away")
	rename(t, other, image)
	p = newPlugin(t, options)
	planned := p.plan(config) // of a state that knows nothing of it
	shown := strings.Join(strings.Fields(plainDiagnostics(t, planned.Diagnostics)), " ")
	release := regexp.MustCompile(`\(offlinejoin ledger release [0-9a-f]{16} --ledger-file ` + regexp.QuoteMeta(ledger) + ` --reason "[a-z ]+"\)`)
	if !failed(planned.Diagnostics) || !strings.Contains(shown, "2732") || !release.MatchString(shown) {
		t.Errorf("the plan shows %s", shown)
	}
	if got := statusOf(t, image).State; got != "absent" {
		t.Errorf("the second image is %s", got)
	}
}

// TestAPlanWaitsForWhoTakesTheJoinBack: with resources that have other names now, Terraform plans the new one while the old one
// is being destroyed. The join is out of the image then, and the ledger, which is held here, not told yet.
func TestAPlanWaitsForWhoTakesTheJoinBack(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	ledger := filepath.Join(t.TempDir(), "ledger")
	config := map[string]string{"windows_path": image, "blob_file": file}
	p := newPlugin(t, map[string]string{"ledger_file": ledger})
	applied := p.apply(config, p.plan(config))
	p.good(applied.Diagnostics)
	p = newPlugin(t, map[string]string{"ledger_file": ledger}) // as Terraform starts another one to apply
	held := flock.New(ledger + ".lock")
	if err := held.Lock(); err != nil {
		t.Fatal(err)
	}
	destroyed := make(chan []*tfprotov6.Diagnostic)
	go func() { destroyed <- p.destroy(applied.NewState, applied.Private) }()
	for end := time.Now().Add(time.Minute); statusOf(t, image).State != "absent"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the join is not taken back")
		}
	}
	planned := make(chan *tfprotov6.PlanResourceChangeResponse)
	go func() { planned <- p.plan(config) }()
	select {
	case got := <-planned:
		t.Errorf("the plan did not wait: %s", sayings(got.Diagnostics))
		go func() { planned <- p.plan(config) }()
	case <-time.After(500 * time.Millisecond):
	}
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
	p.good(<-destroyed)
	p.good((<-planned).Diagnostics)
}
