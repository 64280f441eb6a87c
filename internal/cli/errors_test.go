package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestUntouchedKeepsTheCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("the reason")
	for name, refusal := range map[string]error{
		"coded":   winerr.Errorf(winerr.NotSupported, "no: %w", cause),
		"uncoded": fmt.Errorf("no: %w", cause),
	} {
		err := untouched(refusal)
		if !errors.Is(err, cause) || !errors.Is(err, refusal) {
			t.Errorf("%s: %v has lost its cause", name, err)
		}
	}
	if got, want := untouched(winerr.Errorf(winerr.NotSupported, "no")).Error(),
		"no. Nothing was written. (50 ERROR_NOT_SUPPORTED)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want winerr.Code
	}{
		{winerr.Errorf(winerr.Busy, "in use"), winerr.Busy},
		{fmt.Errorf("wrapped: %w", winerr.Errorf(winerr.Busy, "in use")), winerr.Busy},
		{fs.ErrNotExist, winerr.FileNotFound},
		{fs.ErrPermission, winerr.AccessDenied},
		{syscall.ENOSPC, winerr.DiskFull},
		{context.Canceled, winerr.Cancelled},
		{regf.ErrCorrupt, winerr.CantLoadOfflineHive},
		{errors.New("something"), winerr.InvalidParameter},
	} {
		if e := coded(c.err); e.Code != c.want || e.Message == "" {
			t.Errorf("coded(%v) = %v, want code %v", c.err, e, c.want)
		}
	}
}
