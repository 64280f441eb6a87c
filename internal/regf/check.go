package regf

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/bits"
	"slices"
	"strings"
)

// Problem is one finding of [Check].
type Problem struct {
	Offset uint32 `json:"offset"` // relative to the hive bins data
	Path   string `json:"path,omitempty"`
	Text   string `json:"text"`
	// Oddity: old or foreign tools leave this behind and Windows lives with it; the content is not in doubt.
	Oddity bool `json:"oddity,omitempty"`
}

// String returns the finding as one line.
func (p Problem) String() string {
	if p.Oddity {
		p.Text += " (odd, but harmless)"
	}
	if p.Path != "" {
		return fmt.Sprintf("0x%x: %s: %s", p.Offset, p.Path, p.Text)
	}
	return fmt.Sprintf("0x%x: %s", p.Offset, p.Text)
}

// Bounds on the findings of one check: how many, after how many no more oddities are listed, so that they hide no damage,
// and how many bytes of a path each shows.
const (
	maxProblems    = 1000
	maxOddities    = 500
	maxProblemPath = 2000
)

// Check verifies the whole structure of a hive, with pending log entries and edits applied: bins and cells tile it, no two
// free cells touch, every allocated cell is used exactly once, counts, order, hashes, parents and maxima are right, and the
// ring of security records has exact reference counts (docs/internals/regf.md §1, §5). It changes nothing. No problem
// means that the hive is as Windows keeps its own.
func Check(h *Hive) []Problem {
	c := &checker{h: h, cells: newCellSet(h.size), used: newCellSet(h.size), securityRefs: map[uint32]uint32{}}
	c.bins()
	if root, err := h.Root(); err != nil {
		c.damage(h.base.u32(baseRootCell), Key{}, err)
	} else {
		c.root(root)
	}
	c.security()
	c.unused()
	return c.problems
}

type checker struct {
	h            *Hive
	cells        cellSet           // allocated cells
	used         cellSet           // those that are referred to
	securityRefs map[uint32]uint32 // how many keys use a security record
	problems     []Problem
}

// cellSet is a set of cells of a hive: a bit for each place that a cell can be at, so that a hive of any size, and of
// cells as small as an enemy likes, costs 1/64 of its length.
type cellSet []uint64

func newCellSet(size uint32) cellSet { return make(cellSet, (size+511)/512) }

func (s cellSet) has(cell uint32) bool {
	return cell%8 == 0 && int(cell/512) < len(s) && s[cell/512]>>(cell/8%64)&1 != 0
}

func (s cellSet) add(cell uint32) { s[cell/512] |= 1 << (cell / 8 % 64) }

// without yields the cells of s that are not in other, in order. Both are of one hive.
func (s cellSet) without(other cellSet) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i := range s {
			for left := s[i] &^ other[i]; left != 0; left &= left - 1 {
				if !yield(uint32(i)*512 + uint32(bits.TrailingZeros64(left))*8) {
					return
				}
			}
		}
	}
}

func (c *checker) add(off uint32, k Key, format string, args ...any) {
	c.found(Problem{Offset: off, Text: fmt.Sprintf(format, args...)}, k)
}

func (c *checker) found(p Problem, k Key) {
	if full := len(c.problems) >= maxProblems; full || p.Oddity && len(c.problems) >= maxOddities {
		return
	}
	p.Path = k.Path()
	if len(p.Path) > maxProblemPath {
		p.Path = strings.ToValidUTF8(p.Path[:maxProblemPath], "") + "…"
	}
	c.problems = append(c.problems, p)
}

func (c *checker) damage(off uint32, k Key, err error) {
	if e, ok := errors.AsType[*CorruptError](err); ok {
		c.add(e.Offset, k, "%s", e.Reason)
		return
	}
	c.add(off, k, "%v", err)
}

// odd adds a finding that does not put the content in doubt. Measured on real hives: Windows NT 4 and XP leave equal
// security records, emptied value lists and lowered maxima behind.
func (c *checker) odd(off uint32, k Key, format string, args ...any) {
	c.found(Problem{Offset: off, Text: fmt.Sprintf(format, args...), Oddity: true}, k)
}

// use marks an allocated cell as referred to, and tells whether it could.
func (c *checker) use(cell uint32, k Key, what string) bool {
	switch {
	case !c.cells.has(cell):
		c.add(cell, k, "the %s is not an allocated cell", what)
		return false
	case c.used.has(cell):
		c.add(cell, k, "the %s is used twice", what)
		return false
	}
	c.used.add(cell)
	return true
}

func (c *checker) bins() {
	h := c.h
	for at := uint32(0); at < h.size; {
		size, err := h.binSize(at)
		if err != nil {
			c.damage(at, Key{}, err)
			return
		}
		c.binCells(bin{at, size})
		at += size
	}
}

func (c *checker) binCells(b bin) {
	freeBefore := false
	for s, err := range c.h.cells(b) {
		if err != nil {
			c.damage(b.rel, Key{}, err)
			return
		}
		if s.used {
			c.cells.add(s.rel)
		} else if freeBefore {
			c.odd(s.rel, Key{}, "two free cells touch")
		}
		freeBefore = !s.used
	}
}

func (c *checker) root(root Key) {
	n, err := c.h.node(root.cell)
	if err != nil {
		c.damage(root.cell, Key{}, err)
		return
	}
	if n.flags&flagHiveRoot == 0 {
		c.odd(root.cell, Key{}, "the root key is not marked as such")
	}
	c.key(root, n)
}

func (c *checker) key(k Key, n *node) {
	if !c.use(k.cell, k, "key") {
		return
	}
	if len(n.name) == 0 || len(n.name) > maxKeyName {
		c.add(k.cell, k, "the key's name has %d characters", len(n.name))
	}
	if _, compressed := nameBytes(n.name); compressed != (n.flags&flagCompressed != 0) {
		c.odd(k.cell, k, "the key's name is not stored in the form that Windows chooses")
	}
	if n.classLen > 0 && c.use(n.class, k, "class name") {
		if _, err := k.Class(); err != nil {
			c.damage(n.class, k, err)
		}
	}
	c.securityRefs[n.security]++
	c.values(k, n)
	if !c.index(k, n) {
		return
	}
	for sub, err := range k.Subkeys() {
		if err != nil {
			c.damage(k.cell, k, err)
			return
		}
		sn, err := c.h.node(sub.cell)
		if err != nil {
			c.damage(sub.cell, sub, err)
			return
		}
		if uint32(2*len(sn.name)) > n.maxSubkeyName {
			c.odd(k.cell, k, "the longest subkey name has %d bytes, %d are recorded", 2*len(sn.name), n.maxSubkeyName)
		}
		if sn.classLen > n.maxClass {
			c.odd(k.cell, k, "the longest class name has %d bytes, %d are recorded", sn.classLen, n.maxClass)
		}
		c.key(sub, sn)
	}
}

func (c *checker) values(k Key, n *node) {
	if n.values == 0 {
		if n.valueList != nilCell && n.flags&flagPredefined == 0 {
			c.odd(k.cell, k, "there is a value list, but no value")
		}
		return
	}
	if !c.use(n.valueList, k, "value list") {
		return
	}
	cells, err := c.h.valueCells(n)
	if err != nil {
		c.damage(n.valueList, k, err)
		return
	}
	names := map[string]bool{}
	for _, cell := range cells {
		if !c.use(cell, k, "value") {
			continue
		}
		v, err := c.h.value(cell)
		if err != nil {
			c.damage(cell, k, err)
			continue
		}
		if name := upcaseKey(v.name); names[name] {
			c.add(cell, k, "two values are named %q", v.Name())
		} else {
			names[name] = true
		}
		if v.size > n.maxValueData || uint32(2*len(v.name)) > n.maxValueName {
			c.odd(k.cell, k, "value %q is larger than the recorded maximum", v.Name())
		}
		c.data(k, v)
	}
}

func upcaseKey(name []uint16) string {
	up := make([]uint16, len(name))
	for i, u := range name {
		up[i] = upcase(u)
	}
	raw := make([]byte, 0, 2*len(up))
	for _, u := range up {
		raw = le.AppendUint16(raw, u)
	}
	return string(raw)
}

func (c *checker) data(k Key, v Value) {
	if v.in || v.size == 0 && v.data == nilCell {
		return
	}
	what := fmt.Sprintf("data of value %q", v.Name())
	if !c.use(v.data, k, what) {
		return
	}
	if c.h.isBig(v.size) {
		list, cells, err := c.h.segments(v.data, v.size)
		if err != nil {
			c.damage(v.data, k, err)
			return
		}
		for _, s := range append(cells, list) {
			c.use(s, k, what)
		}
	}
	if _, err := v.Data(); err != nil {
		c.damage(v.data, k, err)
	}
}

// index checks the subkey list: kinds, order, hashes and hints. It tells whether the list is the key's own, so that a walk
// over it costs no more than the hive is long.
func (c *checker) index(k Key, n *node) (own bool) {
	if n.subkeys == 0 {
		if n.subkeyList != nilCell {
			c.add(k.cell, k, "there is a subkey list, but no subkey")
		}
		return true
	}
	leaves, isRoot, err := c.h.rootIndex(n.subkeyList)
	if err != nil {
		c.damage(n.subkeyList, k, err)
		return false
	}
	own = !isRoot || c.use(n.subkeyList, k, "root index")
	var previous []uint16
	for _, cell := range leaves {
		if !c.use(cell, k, "subkey list") {
			own = false
			continue
		}
		l, err := c.h.leaf(cell)
		if err != nil {
			c.damage(cell, k, err)
			continue
		}
		if l.count == 0 {
			c.add(cell, k, "the subkey list is empty")
		}
		previous = c.leaf(k, l, previous)
	}
	return own
}

func (c *checker) leaf(k Key, l *leaf, previous []uint16) []uint16 {
	for i := range l.count {
		n, err := c.h.node(l.child(i))
		if err != nil {
			c.damage(l.cell, k, err)
			continue
		}
		if previous != nil && compareNames(previous, n.name) >= 0 {
			c.add(l.cell, k, "subkey %q is out of order", decodeName(n.name))
		}
		previous = n.name
		if tag, ok := l.tagOf(n.name); ok && tag != l.tag(i) {
			c.add(l.cell, k, "the hash of subkey %q is wrong", decodeName(n.name))
		}
	}
	return previous
}

// security checks the ring of security records and their reference counts.
func (c *checker) security() {
	inUse := slices.Sorted(maps.Keys(c.securityRefs))
	anchor := uint32(nilCell)
	for _, cell := range inUse {
		if !c.cells.has(cell) {
			c.add(cell, Key{}, "the security record of a key is not an allocated cell")
		} else {
			anchor = min(anchor, cell)
		}
	}
	if anchor == nilCell {
		return
	}
	inRing := map[uint32]bool{}
	alike := map[string]bool{}
	err := c.h.walkSecurity(anchor, func(cell uint32, sd []byte) bool {
		inRing[cell] = true
		c.use(cell, Key{}, "security record")
		if err := checkDescriptor(sd); err != nil {
			c.add(cell, Key{}, "%v", err)
		}
		if alike[string(sd)] {
			c.odd(cell, Key{}, "two security records are alike")
		}
		alike[string(sd)] = true
		return c.references(cell)
	})
	if err != nil {
		c.damage(anchor, Key{}, err)
	}
	for _, cell := range inUse {
		if !inRing[cell] {
			c.add(cell, Key{}, "a security record in use is not in the ring")
		}
	}
}

// references compares the users that a security record counts with those it has. One that counts too many is never freed,
// and is what Windows leaves when it recovers a hive (observed); one that counts too few would be freed while it is used.
func (c *checker) references(cell uint32) (ok bool) {
	rel, _, _, err := c.h.record(cell, "sk", skData)
	if err != nil {
		return false
	}
	counted, err := c.h.u32(rel + skRefs)
	if err != nil {
		return false
	}
	const text = "the security record counts %d users, there are %d"
	switch users := c.securityRefs[cell]; {
	case counted < users:
		c.add(cell, Key{}, text, counted, users)
	case counted > users:
		c.odd(cell, Key{}, text, counted, users)
	}
	return true
}

// unused finds the cells that nothing refers to. Windows leaks some when it recovers or heals a hive (observed).
func (c *checker) unused() {
	for cell := range c.cells.without(c.used) {
		if len(c.problems) >= maxOddities {
			return
		}
		_, size, err := c.h.payload(cell)
		if err != nil {
			c.damage(cell, Key{}, err)
			continue
		}
		c.odd(cell, Key{}, "an allocated cell of %d bytes is not used", size)
	}
}
