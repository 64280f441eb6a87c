package cli

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// coded gives an error its documented code when it has none yet.
func coded(err error) error {
	if _, ok := winerr.CodeOf(err); ok {
		return err
	}
	return winerr.Errorf(codeFor(err), "%w", err)
}

// untouched adds to a refusal that it came before anything was written.
func untouched(err error) error {
	err = coded(err)
	e, _ := errors.AsType[*winerr.Error](err)
	return winerr.Errorf(e.Code, "%s. Nothing was written.", e.Message)
}

func codeFor(err error) winerr.Code {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return winerr.FileNotFound
	case errors.Is(err, fs.ErrPermission):
		return winerr.AccessDenied
	case errors.Is(err, syscall.ENOSPC):
		return winerr.DiskFull
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return winerr.Timeout
	case errors.Is(err, regf.ErrNotHive), errors.Is(err, regf.ErrCorrupt), errors.Is(err, regf.ErrUnrecoverable):
		return winerr.CantLoadOfflineHive
	}
	return winerr.InvalidParameter
}
