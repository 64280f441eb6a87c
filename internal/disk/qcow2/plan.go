package qcow2

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// maxNewBytes bounds the memory that a plan takes for new clusters.
const maxNewBytes = 1 << 30

// Plan implements [container.Container]. Clusters that are there for the disk alone are overwritten. For all others, which
// are absent, zero or compressed, the plan has new clusters at the end of the file; these get the old content first, so
// that the disk reads the same until the groups of the writes themselves. The groups are, empty ones left out:
//
//  1. refcounts of new clusters, in blocks that exist
//  2. the refcount table's entries of new blocks, or the header's pointer to a new refcount table
//  3. L2 and L1 entries
//  4. the writes' own groups, ascending
//  5. refcounts of compressed clusters that are not used any more, and zeros over those that held a secret
//
// A crash after any of them leaves an image that qemu-img check finds sound, at worst with leaked clusters. It returns a
// *[container.Refused] for what InPlace refuses, for an image whose tables contradict each other where they are touched,
// and for writes beyond the disk.
func (q *Image) Plan(w []container.Write) (*container.FilePlan, error) {
	if err := q.InPlace(); err != nil {
		return nil, err
	}
	all, err := splitByCluster(w, q.bits, q.size)
	if err != nil {
		return nil, err
	}
	owned, err := q.owned()
	if err != nil {
		return nil, err
	}
	p := newPlanner(q, owned)
	for _, t := range all {
		if err := p.change(t); err != nil {
			return nil, err
		}
	}
	if err := p.count(); err != nil {
		return nil, err
	}
	return p.result(), nil
}

// planner collects what a plan consists of.
type planner struct {
	*Image
	owned *metadataMap

	end   int64   // where the next new cluster goes
	taken []int64 // new clusters, ascending
	fills []container.Piece

	upCounts   map[int64]uint16    // refcounts of new clusters: where they stand, the number
	tableWords map[int64]uint64    // of the refcount table
	header     []container.Piece   // of the header
	words      map[int64]uint64    // L2 and L1 entries in tables that exist: where they stand, the entry
	newTables  map[int64]*newTable // by index in the L1 table
	groups     map[int][]container.Piece
	released   map[int64]int     // clusters of the file: how many references fewer
	wipes      []container.Piece // of compressed clusters
	checked    map[int64]bool    // L2 tables whose own reference was checked
	written    map[int64]bool    // clusters of data that exist and are overwritten
}

// newTable is an L2 table that did not exist.
type newTable struct {
	host int64
	data []byte
}

func newPlanner(q *Image, owned *metadataMap) *planner {
	return &planner{
		Image: q, owned: owned, end: roundUp(q.fileSize, q.cluster()),
		upCounts: map[int64]uint16{}, tableWords: map[int64]uint64{}, words: map[int64]uint64{},
		newTables: map[int64]*newTable{}, groups: map[int][]container.Piece{}, released: map[int64]int{},
		checked: map[int64]bool{}, written: map[int64]bool{},
	}
}

// change plans the writes to one cluster.
func (p *planner) change(t touched) error {
	m, err := p.lookup(t.index << p.bits)
	if err != nil {
		return err
	}
	if err := p.checkTable(m, t.index); err != nil {
		return err
	}
	if m.kind == data {
		if err := p.checkSole(m.host); err != nil {
			return err
		}
		if !m.copied {
			return corrupt("the cluster at offset %d is not marked as used once", m.host)
		}
		p.overwrite(t, m.host)
		return nil
	}
	return p.replace(t, m)
}

// checkTable makes sure that the L2 table is this image's alone.
func (p *planner) checkTable(m mapping, index int64) error {
	if m.table == 0 || p.checked[m.table] {
		return nil
	}
	e, err := p.word(p.l1Off + index/p.l2Entries()*entryBytes)
	if err != nil {
		return err
	}
	n, _, err := p.refcount(m.table)
	if err != nil {
		return err
	}
	if e&flagCopied == 0 || n != 1 {
		return corrupt("the L2 table at offset %d is used %d times", m.table, n)
	}
	p.checked[m.table] = true
	return nil
}

// checkSole makes sure that a cluster of data is used once and is no table. That no other L2 entry points to it is only
// looked at for the entries that the plan touches; qemu-img check looks at all.
func (p *planner) checkSole(host int64) error {
	if host >= p.fileSize {
		return p.beyondEnd(host)
	}
	if p.written[host] {
		return corrupt("the data cluster at offset %d is used in two places", host)
	}
	p.written[host] = true
	n, _, err := p.refcount(host)
	if err != nil {
		return err
	}
	if n != 1 || p.owned.contains(host) {
		return corrupt("the data cluster at offset %d is used %d times or holds a table", host, n)
	}
	return nil
}

// overwrite puts the fragments where the cluster is.
func (p *planner) overwrite(t touched, host int64) {
	for _, f := range t.parts {
		piece := container.Piece{Off: host + f.in, Data: f.data, Fresh: f.stale, Wipe: f.wipe}
		if f.fresh {
			p.fills = append(p.fills, piece)
		} else {
			p.groups[f.group] = append(p.groups[f.group], piece)
		}
	}
}

// replace gives the cluster a place of its own: the one that is kept for a zero cluster, or a new one.
func (p *planner) replace(t touched, m mapping) error {
	content := make([]byte, p.cluster())
	start := t.index << p.bits
	if _, err := p.ReadAt(content[:min(p.cluster(), p.size-start)], start); err != nil {
		return err
	}
	if unchanged(content, t.parts) {
		return nil
	}
	host := m.host
	if m.kind == zero && host != 0 {
		if err := p.checkSole(host); err != nil {
			return err
		}
	} else {
		var err error
		if host, err = p.take(); err != nil {
			return err
		}
	}
	if m.kind == compressed {
		if err := p.release(m, t); err != nil {
			return err
		}
	}
	rest := touched{index: t.index}
	for _, f := range t.parts {
		if f.fresh {
			copy(content[f.in:], f.data)
		} else {
			rest.parts = append(rest.parts, f)
		}
	}
	if host < roundUp(p.fileSize, p.cluster()) {
		p.fills = append(p.fills, container.Piece{Off: host, Data: content}) // the old bytes there are not zero
	} else {
		p.fills = append(p.fills, withoutZeros(host, content)...)
	}
	p.overwrite(rest, host)
	return p.point(m, t.index, uint64(host)|flagCopied)
}

// unchanged reports whether the fragments leave the content as it is, each of them.
func unchanged(content []byte, parts []fragment) bool {
	for _, f := range parts {
		if !bytes.Equal(content[f.in:f.in+int64(len(f.data))], f.data) {
			return false
		}
	}
	return true
}

// withoutZeros returns the pages of a new cluster that are not zero, which the file is there anyway.
func withoutZeros(host int64, content []byte) []container.Piece {
	var out []container.Piece
	joined := false // whether the last piece ends where this page begins
	for at := 0; at < len(content); at += pageSize {
		page := content[at:min(at+pageSize, len(content))]
		if isZero(page) {
			joined = false
			continue
		}
		if joined {
			last := &out[len(out)-1]
			last.Data = last.Data[:len(last.Data)+len(page)]
		} else {
			out = append(out, container.Piece{Off: host + int64(at), Data: page})
		}
		joined = true
	}
	return out
}

// isZero compares b with itself, one byte further on.
func isZero(b []byte) bool { return len(b) == 0 || b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1]) }

// point makes the L2 entry of a cluster be e. An L2 table that does not exist yet is made.
func (p *planner) point(m mapping, index int64, e uint64) error {
	if m.table != 0 {
		p.words[m.entry] = e
		return nil
	}
	l1 := index / p.l2Entries()
	t := p.newTables[l1]
	if t == nil {
		host, err := p.take()
		if err != nil {
			return err
		}
		t = &newTable{host: host, data: make([]byte, p.cluster())}
		p.newTables[l1] = t
		p.words[p.l1Off+l1*entryBytes] = uint64(host) | flagCopied
	}
	binary.BigEndian.PutUint64(t.data[index%p.l2Entries()*entryBytes:], e)
	return nil
}

// release gives up a compressed cluster, which may share clusters of the file with others.
func (p *planner) release(m mapping, t touched) error {
	first := m.host &^ (p.cluster() - 1)
	for host := first; host < m.host+m.length; host += p.cluster() {
		p.released[host]++
	}
	if !slices.ContainsFunc(t.parts, func(f fragment) bool { return f.wipe }) {
		return nil
	}
	_, used, err := p.unpack(m)
	if err != nil {
		return err
	}
	p.wipes = append(p.wipes, container.Piece{Off: m.host, Data: make([]byte, used), Wipe: true})
	return nil
}

// take returns the offset of a new cluster at the end of the file.
func (p *planner) take() (int64, error) {
	if int64(len(p.taken)) >= maxNewBytes>>p.bits {
		return 0, &container.Refused{
			Kind: container.Unsupported, Detail: fmt.Sprintf("the change needs more than %d MiB of new clusters", maxNewBytes>>20),
		}
	}
	host := p.end
	p.end += p.cluster()
	p.taken = append(p.taken, host)
	return host, nil
}

// result puts the plan together.
func (p *planner) result() *container.FilePlan {
	for _, l1 := range slices.Sorted(maps.Keys(p.newTables)) {
		t := p.newTables[l1]
		p.fills = append(p.fills, withoutZeros(t.host, t.data)...)
	}
	plan := &container.FilePlan{Fills: p.fills, Size: max(p.fileSize, p.lastByte())}
	add := func(pieces []container.Piece) {
		if len(pieces) > 0 {
			plan.Groups = append(plan.Groups, pieces)
		}
	}
	add(countPieces(p.upCounts))
	add(append(wordPieces(p.tableWords), p.header...))
	add(wordPieces(p.words))
	for _, g := range slices.Sorted(maps.Keys(p.groups)) {
		add(p.groups[g])
	}
	add(append(countPieces(p.downCounts()), p.wipes...))
	return plan
}

// lastByte returns where the file has to end: behind the new clusters, or behind the cluster that the file ended in when
// that is written to.
func (p *planner) lastByte() int64 {
	if len(p.taken) > 0 {
		return p.end
	}
	inTail := func(pieces []container.Piece) bool {
		return slices.ContainsFunc(pieces, func(c container.Piece) bool { return c.Off+int64(len(c.Data)) > p.fileSize })
	}
	if inTail(p.fills) || inTail(wordPieces(p.words)) || inTail(p.wipes) {
		return p.end
	}
	for _, g := range p.groups {
		if inTail(g) {
			return p.end
		}
	}
	return p.fileSize
}

// wordPieces makes pieces of table entries, those beside each other in one.
func wordPieces(words map[int64]uint64) []container.Piece {
	var out []container.Piece
	for _, at := range slices.Sorted(maps.Keys(words)) {
		out = appendBytes(out, at, binary.BigEndian.AppendUint64(nil, words[at]))
	}
	return out
}

// countPieces makes pieces of refcounts, those beside each other in one.
func countPieces(counts map[int64]uint16) []container.Piece {
	var out []container.Piece
	for _, at := range slices.Sorted(maps.Keys(counts)) {
		out = appendBytes(out, at, binary.BigEndian.AppendUint16(nil, counts[at]))
	}
	return out
}

func appendBytes(pieces []container.Piece, at int64, b []byte) []container.Piece {
	if n := len(pieces); n > 0 && pieces[n-1].Off+int64(len(pieces[n-1].Data)) == at {
		pieces[n-1].Data = append(pieces[n-1].Data, b...)
		return pieces
	}
	return append(pieces, container.Piece{Off: at, Data: b})
}
