package remotedir

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// Gatherer is a machine that can look at several directories, and carry several files, in one round trip.
type Gatherer interface {
	// ListAll lists directories, each by the path of a root and by names below it, whose case does not matter. What is not
	// there, or is no plain directory, or has names that cannot be told apart, is left out.
	ListAll(ctx context.Context, dirs []Below) ([]Listing, error)
	// FetchAll returns the contents of regular files, together at most limit bytes; nil for what is not there.
	FetchAll(ctx context.Context, paths []string, limit int64) ([][]byte, error)
}

// Below is a directory by a root's path on the machine and slash-separated names below it; "" is the root itself.
type Below struct{ Root, Name string }

// Listing is the content of one of the directories that were asked for.
type Listing struct {
	Asked   int    // its index
	Name    string // as the machine spells it
	Entries []Entry
}

// What a join looks at. These are hints: what is missing here costs a round trip of its own, and nothing else.

// usualFolders are the directories below Windows.
func usualFolders() []string {
	return []string{
		"", "System32", "System32/config", "System32/Sysprep", "Panther", "Panther/Unattend", "Setup", "Setup/Scripts", "debug",
	}
}

// usual reports whether a file is one that is fetched with the others: a hive, its log, an answer file, our program.
func usual(name string) bool {
	lower := strings.ToLower(name)
	dir, base := path.Split(lower)
	switch path.Base(dir) {
	case "config":
		hive, log, _ := strings.Cut(base, ".")
		return slices.Contains([]string{"system", "software", "security", "sam"}, hive) &&
			slices.Contains([]string{"", "log", "log1", "log2"}, log)
	case "system32":
		return base == "odjboot.exe"
	case "scripts":
		return base == "setupcomplete.cmd"
	}
	return strings.HasSuffix(base, "unattend.xml")
}

// gather lists what a join usually looks at, when the machine can do that at once. An error is none: what is not known is
// asked for when it is needed. With r.mu held.
func (r *Session) gather() {
	m, can := r.machine.(Gatherer)
	if !can || len(r.listings) > 0 {
		return
	}
	var asked []Below
	var prefix []string
	for _, name := range usualFolders() {
		asked, prefix = append(asked, Below{r.tree.at.WindowsPath, name}), append(prefix, r.tree.windows)
	}
	if r.tree.drive != "" {
		asked, prefix = append(asked, Below{r.tree.drive, ""}), append(prefix, ".")
	}
	found, err := m.ListAll(r.ctx, asked)
	if err != nil {
		return
	}
	for _, l := range found {
		if l.Asked >= 0 && l.Asked < len(prefix) {
			r.listings[path.Join(prefix[l.Asked], l.Name)] = l.Entries
		}
	}
}

// fetchUsual fetches what a join usually reads and what has not been fetched, together with one such file that is needed
// now. With r.mu held.
func (r *Session) fetchUsual(needed found) {
	m, can := r.machine.(Gatherer)
	if !can || r.gathered || !usual(needed.name) {
		return
	}
	r.gathered = true
	var files []found
	var paths []string
	total := int64(0)
	for dir, entries := range r.listings {
		if dir != "." && !imagefs.SameName(strings.Split(dir, "/")[0], r.tree.windows) {
			continue
		}
		for _, e := range entries {
			name := path.Join(dir, e.Name)
			if !e.Mode.IsRegular() || !usual(name) || r.files[name] != nil || r.pending(name) || total+e.Size > maxFetch {
				continue
			}
			total += e.Size
			at := found{Entry: e, name: name, path: r.tree.on(name)}
			files, paths = append(files, at), append(paths, at.path)
		}
	}
	if len(files) < 2 {
		return
	}
	contents, err := m.FetchAll(r.ctx, paths, total)
	if err != nil || len(contents) != len(files) {
		return
	}
	n, bytes := 0, 0
	for i, data := range contents {
		if data != nil {
			r.take(files[i], data)
			n, bytes = n+1, bytes+len(data)
		}
	}
	r.say("Fetched %d files (%s) from %s", n, size(bytes), r.tree.at.Machine)
}
