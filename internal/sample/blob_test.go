package sample

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/odj"
)

func TestBlobIsWhatTheReaderTakesWithoutFindings(t *testing.T) {
	t.Parallel()
	made, err := Blob()
	if err != nil {
		t.Fatal(err)
	}
	read, err := odj.Parse(made.DjoinFile())
	if err != nil {
		t.Fatal(err)
	}
	if read.MachineName() != "WEB01" || read.DNSDomain() != "corp.example.com" {
		t.Errorf("the blob is for %s in %s", read.MachineName(), read.DNSDomain())
	}
	if read.Fingerprint() != made.Fingerprint() {
		t.Error("the file form of the blob has another fingerprint")
	}
	if f := read.Findings(); len(f) != 0 {
		t.Errorf("findings: %q", f)
	}
	other, err := Blob()
	if err != nil {
		t.Fatal(err)
	}
	if other.Fingerprint() == made.Fingerprint() {
		t.Error("two sample blobs share their password")
	}
}
