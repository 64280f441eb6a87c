package options

import (
	"cmp"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// JoinFile is what messages call a join file among the paths of a run.
const JoinFile Name = "the join file"

// Used is a path of this machine that a run uses: what for says its option. An empty path is none.
type Used struct {
	Option Name
	Path   string
	As     string // what messages call it; "": by its option
}

func (u Used) String() string { return cmp.Or(u.As, u.Option.String()) }

// CheckPaths refuses paths of one run that stand in each other's way (87): a ledger, report or backup that is a file which
// is read, or another of them, or lies in the image. Two paths are one when they lead to one file, however they are
// spelled: relative, by a link, by another name of the file. It looks and opens nothing; it is asked before anything is
// opened for writing.
func CheckPaths(paths ...Used) error { return wrongWords(checkPaths(paths)) }

func checkPaths(paths []Used) error {
	all := make([]used, 0, len(paths))
	images, first := map[any]string{}, map[any]used{}
	for _, p := range paths {
		for _, u := range p.all() {
			if u.Option == WindowsPath {
				images[u.key] = u.Path
			}
			all = append(all, u)
		}
	}
	for _, u := range all {
		other, taken := first[u.key]
		if !taken || u.writes && !other.writes {
			first[u.key] = u
		}
		if taken && u.clashes(other) {
			return clash(u, other)
		}
	}
	if len(all) <= fewPaths {
		if err := checkFiles(all); err != nil {
			return err
		}
	}
	for _, u := range all {
		if image, inside := u.within(images); u.writes && inside {
			return winerr.Errorf(winerr.InvalidParameter, "%s %s is in the image %s: name one outside of it", u,
				plaintext.Line(u.Path, 0), plaintext.Line(image, 0))
		}
	}
	return nil
}

// fewPaths is up to how many paths are compared each with each, for what their keys do not show: another name of a file, on
// systems other than Unix.
const fewPaths = 64

// used is a path with what tells it from others.
type used struct {
	Used
	key    any
	writes bool
}

// all returns the path with those that are used along with it.
func (p Used) all() (out []used) {
	if p.Path == "" {
		return nil
	}
	names := []string{p.Path}
	switch p.Option {
	case LedgerFile:
		names = append(names, p.Path+".lock", p.Path+".new")
	case Backup:
		for _, hive := range []string{"SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2"} {
			names = append(names, filepath.Join(p.Path, hive))
		}
	}
	writes := false
	switch p.Option {
	case LedgerFile, ReportFile, Backup, OverlayPath, CopyPath:
		writes = true
	}
	for _, name := range names {
		out = append(out, used{Used{p.Option, name, p.As}, keyOf(name), writes})
	}
	return out
}

// keyOf returns what is equal for two ways to one file; package imagefs resolves them.
func keyOf(path string) any { return offlinejoin.ImageAt(path).Key() }

// clashes reports whether two uses of one file do harm. What has one option is meant to be shared, such as a ledger.
func (u used) clashes(other used) bool { return u.Option != other.Option && (u.writes || other.writes) }

func clash(a, b used) error {
	if !a.writes || b.writes && b.Option == ReportFile {
		a, b = b, a
	}
	return winerr.Errorf(winerr.InvalidParameter, "%s and %s are the same path: give each its own", a, b)
}

// checkFiles compares each with each by the files that are there.
func checkFiles(all []used) error {
	infos := make([]os.FileInfo, len(all))
	for i, u := range all {
		infos[i], _ = os.Stat(u.Path) // nil: nothing there
	}
	for i, u := range all {
		for j, other := range all[:i] {
			if u.clashes(other) && infos[i] != nil && infos[j] != nil && os.SameFile(infos[i], infos[j]) {
				return clash(u, other)
			}
		}
	}
	return nil
}

// within returns the image that a path lies in.
func (u used) within(images map[any]string) (image string, inside bool) {
	path, err := filepath.Abs(u.Path)
	if err != nil {
		return "", false
	}
	for last := ""; path != last && len(images) > 0; last, path = path, filepath.Dir(path) {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		if image, inside = images[keyOf(path)]; inside {
			return image, true
		}
	}
	return "", false
}

// Used returns the paths of the image, and of the disk that is made from it.
func (w PlaceWords) Used() []Used {
	return []Used{
		{Option: WindowsPath, Path: w.WindowsPath},
		{Option: ImagePath, Path: w.ImagePath},
		{Option: OverlayPath, Path: w.OverlayPath},
		{Option: CopyPath, Path: w.CopyPath},
		{Option: JournalDir, Path: w.JournalDir},
	}
}

// Used returns the paths of a join in which others may not be written.
func (w JoinWords) Used() []Used {
	return append(w.PlaceWords.Used(),
		Used{Option: CompletionProgram, Path: w.CompletionProgram}, Used{Option: Backup, Path: w.Backup},
		Used{Option: LedgerFile, Path: w.LedgerFile})
}
