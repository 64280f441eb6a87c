package offlinejoin

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestABlobIsParsedOnce counts how often each call of Packer parses a blob. The counter is the process's, so this test runs
// beside no other.
func TestABlobIsParsedOnce(t *testing.T) {
	blob, file := sampletest.Blob(t)
	image := sampletest.Image(t, sample.Image{})
	count := func(what string, want int64, do func() error) {
		t.Helper()
		var err error
		if got := sampletest.Parses(func() { err = do() }); got != want || err != nil {
			t.Errorf("%s parses a blob %d times, want %d (%v)", what, got, want, err)
		}
	}
	for _, more := range []map[string]any{{"blob_file": file, "dry_run": true}, {"blob_file": file}, {"blob": blob.AccountData()}} {
		more["windows_path"] = image
		p := new(Provisioner)
		count("Prepare", 1, func() error { return p.Prepare(more) })
		count("Provision", 1, func() error {
			_, err := run(t.Context(), p, nil)
			return err
		})
	}
	source := new(BlobSource)
	count("the data source's Configure", 0, func() error { return source.Configure(map[string]any{"blob_file": file}) })
	count("the data source's Execute", 1, func() error {
		_, err := source.Execute()
		return err
	})
	// postProcess configures twice, as Packer does.
	count("the post-processor", 3, func() error {
		_, err := postProcess(t, map[string]any{"blob_file": file}, image)
		return err
	})
}
