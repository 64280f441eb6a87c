package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// The names of runs' ledgers, and how long they stay.
const (
	runPrefix = "run-"
	runSuffix = ".jsonl"
	runLife   = 7 * 24 * time.Hour
)

// OpenRun returns the ledger of one run that has several processes, such as Packer's parallel builds; id is what they
// share and no other run has, such as PackerRunUUID. It is a file in the user's runtime folder ($XDG_RUNTIME_DIR, else
// the cache folder, else the temporary folder), which only the user can look into; a week later any run removes it.
// wait is as for [Open].
func OpenRun(id string, wait time.Duration) (*Ledger, error) {
	if id == "" {
		return nil, winerr.Errorf(winerr.InvalidParameter, "a run needs a name: this is a defect of this program")
	}
	folder, err := runFolder()
	if err != nil {
		return nil, err
	}
	sweep(folder, time.Now().Add(-runLife))
	sum := sha256.Sum256([]byte(id))
	l := Open(filepath.Join(folder, runPrefix+hex.EncodeToString(sum[:12])+runSuffix), wait)
	l.flag = ""
	return l, nil
}

// runFolder makes and returns the first folder that is the user's alone.
func runFolder() (string, error) {
	var tried []string
	for _, folder := range runFolders() {
		if os.MkdirAll(folder, 0o700) == nil && isPrivate(folder) {
			return folder, nil
		}
		tried = append(tried, folder)
	}
	return "", winerr.Errorf(winerr.AccessDenied, "no folder is private to this user (tried %s), so duplicates of this "+
		"run cannot be noticed: set XDG_RUNTIME_DIR, or use a ledger_file", strings.Join(tried, ", "))
}

func runFolders() []string {
	const name = "offlinejoin"
	var all []string
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		all = append(all, filepath.Join(dir, name))
	}
	if dir, err := os.UserCacheDir(); err == nil {
		all = append(all, filepath.Join(dir, name))
	}
	return append(all, filepath.Join(os.TempDir(), name+"-"+userName()))
}

// sweep removes what runs have left that are long over. What cannot be removed stays.
func sweep(folder string, before time.Time) {
	names, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, entry := range names {
		name := entry.Name()
		ours := strings.HasPrefix(name, runPrefix) && strings.HasSuffix(strings.TrimSuffix(name, ".lock"), runSuffix)
		info, err := entry.Info()
		if !ours || err != nil || !info.Mode().IsRegular() || info.ModTime().After(before) {
			continue
		}
		if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
}
