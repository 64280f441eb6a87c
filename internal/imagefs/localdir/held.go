package localdir

import (
	"os"
	"sync"
)

// folder is an open directory below the tree's own. It is closed when its last user has released it.
type folder struct {
	root *os.Root

	mu    sync.Mutex
	users int
}

func (f *folder) use() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.users++
}

func (f *folder) release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.users--; f.users == 0 {
		f.root.Close() // a directory has nothing to write
	}
}

// held is the directory that was walked to last, kept open: a session opens sixteen hives and logs in one directory, and
// walks there once. So all of them are of one and the same directory, whatever somebody puts in its place meanwhile.
type held struct {
	mu    sync.Mutex
	name  string // below the tree's directory; "": none
	level level
}

// get returns the directory when it is the one of that name. It must be closed.
func (h *held) get(name string) (l level, found bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.name == "" || h.name != name {
		return level{}, false
	}
	h.level.folder.use()
	return h.level, true
}

// keep holds a directory in the place of the one before. With an empty name it holds none.
func (h *held) keep(name string, l level) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.name != "" {
		h.level.close()
	}
	h.name, h.level = name, l
	if name != "" {
		l.folder.use()
	}
}

// drop holds nothing any more.
func (h *held) drop() { h.keep("", level{}) }
