//go:build unix

package localdir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
)

// TestExposureIsThatOfTheModesOnTheWay sets the modes of a file and of the folders above it. The temporary folder itself is
// private, so one of the outer folders is below a link to nowhere private: only what lies below is judged as exposed when
// the temporary folder is opened, too.
func TestExposureIsThatOfTheModesOnTheWay(t *testing.T) {
	t.Parallel()
	const closed = 0o700
	for name, c := range map[string]struct {
		base, windows, config, file os.FileMode
		read, write                 bool
	}{
		"as ntfs-3g mounts":        {0o755, 0o777, 0o777, 0o777, true, true},
		"readable":                 {0o755, 0o755, 0o755, 0o644, true, false},
		"for others to write":      {0o755, 0o755, 0o755, 0o602, false, true},
		"a folder to write":        {0o755, 0o755, 0o757, 0o600, false, true},
		"a sticky folder":          {0o755, 0o755, 0o777 | os.ModeSticky, 0o600, false, false},
		"for the owner":            {0o755, 0o755, 0o755, 0o600, false, false},
		"below a private folder":   {closed, 0o777, 0o777, 0o777, false, false},
		"in a private folder":      {0o755, closed, 0o777, 0o777, false, false},
		"a folder without passage": {0o755, 0o755, 0o744, 0o666, false, false},
	} {
		outer := sharedFolder(t)
		base := filepath.Join(outer, "base")
		windows, config := filepath.Join(base, "Windows"), filepath.Join(base, "Windows", "config")
		file := filepath.Join(config, "SYSTEM")
		must(t, os.MkdirAll(config, 0o700))
		must(t, os.WriteFile(file, nil, 0o600))
		for path, mode := range map[string]os.FileMode{base: c.base, windows: c.windows, config: c.config, file: c.file} {
			must(t, os.Chmod(path, mode))
		}
		s, err := localdir.Open(windows)
		must(t, err)
		e, known, err := imagefs.ExposureOf(s, "Windows/config/system")
		must(t, err)
		must(t, s.Close())
		if !known || e.Read != c.read || e.Write != c.write {
			t.Errorf("%s: known %v, %+v; want read %v, write %v", name, known, e, c.read, c.write)
		}
	}
}

// sharedFolder returns an empty folder that everybody can look into.
func sharedFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(os.TempDir(), "offlinejoin-exposure-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o755))
	for at := filepath.Dir(dir); at != "/"; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		must(t, err)
		if info.Mode()&0o001 == 0 || info.Mode()&0o002 != 0 && info.Mode()&os.ModeSticky == 0 {
			t.Skipf("skipped: others cannot pass, or may write, %s", at)
		}
	}
	return dir
}
