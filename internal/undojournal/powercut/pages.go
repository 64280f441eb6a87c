package powercut

import (
	"bytes"
	"io"
	"maps"
)

const pageSize = 4096

// pages is the content of a file: a base that is shared by copies and never changes, and the pages that differ from it. So
// a copy of a large image costs little.
type pages struct {
	base    []byte
	size    int64
	changed map[int64][]byte // by page number; a page is replaced, never changed
}

func newPages(content []byte) *pages {
	return &pages{base: bytes.Clone(content), size: int64(len(content)), changed: map[int64][]byte{}}
}

func (p *pages) clone() *pages {
	return &pages{p.base, p.size, maps.Clone(p.changed)}
}

// page returns a page's content, which may be shorter than a page where only zeros follow.
func (p *pages) page(n int64) []byte {
	if b, ok := p.changed[n]; ok {
		return b
	}
	from := min(n*pageSize, int64(len(p.base)))
	return p.base[from:min(from+pageSize, int64(len(p.base)))]
}

func (p *pages) readAt(b []byte, off int64) (int, error) {
	if off >= p.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), p.size-off))
	for done := 0; done < n; {
		at := off + int64(done)
		in := at % pageSize
		part := b[done:min(n, done+int(pageSize-in))]
		clear(part)
		if page := p.page(at / pageSize); in < int64(len(page)) {
			copy(part, page[in:])
		}
		done += len(part)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (p *pages) writeAt(b []byte, off int64) {
	p.size = max(p.size, off+int64(len(b)))
	for len(b) > 0 {
		in := off % pageSize
		n := min(len(b), int(pageSize-in))
		page := make([]byte, pageSize)
		copy(page, p.page(off/pageSize))
		copy(page[in:], b[:n])
		p.changed[off/pageSize] = page
		b, off = b[n:], off+int64(n)
	}
}

// truncate gives the file another size. What is cut off reads as zeros if the file grows again.
func (p *pages) truncate(size int64) {
	if size < p.size {
		end := min(p.size, (size+pageSize-1)/pageSize*pageSize)
		p.writeAt(make([]byte, end-size), size)
		p.base = p.base[:min(int64(len(p.base)), end)]
		maps.DeleteFunc(p.changed, func(n int64, _ []byte) bool { return n*pageSize >= end })
	}
	p.size = size
}

// bytes returns the whole content.
func (p *pages) bytes() []byte {
	b := make([]byte, p.size)
	_, _ = p.readAt(b, 0) // it reads all of an empty file, too
	return b
}
