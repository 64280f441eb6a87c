package disk

import (
	"io"
	"sync"
)

// Cached reads a disk, or a part of one, that does not change meanwhile, and keeps the small pieces: the records and index
// blocks of a file system are read again and again, and each costs a system call, and tables of the container.
type Cached struct {
	of io.ReaderAt

	mu    sync.Mutex
	pages map[int64]*[cachedPage]byte // by number
	order []int64                     // numbers, the next one to go at next
	next  int
}

const (
	cachedPage = 4 << 10
	mostCached = 256 // pages: 1 MiB
)

// NewCached returns a reader of r. It may be used from several goroutines at once when r may.
func NewCached(r io.ReaderAt) *Cached {
	return &Cached{of: r, pages: map[int64]*[cachedPage]byte{}}
}

// ReadAt implements [io.ReaderAt]. Errors are those of what is read.
func (c *Cached) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || len(p) > cachedPage {
		return c.of.ReadAt(p, off)
	}
	for done := 0; done < len(p); {
		at := off + int64(done)
		page := c.page(at / cachedPage)
		if page == nil {
			return c.of.ReadAt(p, off)
		}
		done += copy(p[done:], page[at%cachedPage:])
	}
	return len(p), nil
}

// page returns a page, and nil for one that cannot be read whole.
func (c *Cached) page(number int64) *[cachedPage]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if page := c.pages[number]; page != nil {
		return page
	}
	page := new([cachedPage]byte)
	if n, _ := c.of.ReadAt(page[:], number*cachedPage); n < len(page) { // who asks for it gets the error
		return nil
	}
	if len(c.order) < mostCached {
		c.order = append(c.order, number)
	} else {
		delete(c.pages, c.order[c.next])
		c.order[c.next] = number
		c.next = (c.next + 1) % mostCached
	}
	c.pages[number] = page
	return page
}

// Forget zeroes what is kept, which may be secret.
func (c *Cached) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, page := range c.pages {
		clear(page[:])
	}
	c.pages, c.order, c.next = map[int64]*[cachedPage]byte{}, nil, 0
}
