package joinfile_test

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

func sampleBlob(t testing.TB) *odj.Blob {
	t.Helper()
	blob, err := sample.Blob()
	if err != nil {
		t.Fatal(err)
	}
	return blob
}
