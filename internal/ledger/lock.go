package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Lock keeps the processes of this user on this machine apart that work on one thing, such as on the account for one image.
// what names the thing in an error. wait is how long to wait for somebody else who has the lock; 0: not at all. It is free
// again when unlock was called, or the process is gone. Errors: 170 when another has it, 5 without a folder for it.
func Lock(ctx context.Context, name, what string, wait time.Duration) (unlock func(), err error) {
	folder, err := runFolder()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(name))
	path := filepath.Join(folder, runPrefix+hex.EncodeToString(sum[:12])+runSuffix+".lock")
	const once = time.Millisecond
	limited, cancel := context.WithTimeout(ctx, max(wait, once))
	defer cancel()
	unlock, err = lockFile(limited, path)
	switch {
	case err == nil:
		now := time.Now()
		_ = os.Chtimes(path, now, now) // so that it is not swept while it is held
		return unlock, nil
	case ctx.Err() != nil:
		return nil, stopped(ctx, what)
	case limited.Err() != nil:
		return nil, winerr.Errorf(winerr.Busy, "another offlinejoin works on %s: wait until it is done, and try again", what)
	}
	return nil, winerr.Errorf(winerr.AccessDenied, "%s cannot be locked: %w", what, err)
}
