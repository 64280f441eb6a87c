package nbd_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/nbd"
)

// TestAbsent: without qemu-nbd the error names the package. Not parallel: it changes PATH.
func TestAbsent(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := nbd.Start(t.Context(), nbd.Options{Path: filepath.Join(t.TempDir(), "x"), Format: container.QCOW2})
	if r, ok := errors.AsType[*container.Refused](err); !ok || !strings.Contains(r.Detail, "qemu-nbd") {
		t.Errorf("error %v", err)
	}
	if _, err := nbd.Find(); err == nil || !strings.Contains(err.Error(), "qemu-utils") {
		t.Errorf("error %v", err)
	}
}
