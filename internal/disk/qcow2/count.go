package qcow2

import (
	"encoding/binary"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// count plans the refcounts: of the new clusters, which may need new blocks and a longer table, which are new clusters
// themselves; and of the released ones.
func (p *planner) count() error {
	if err := p.checkReleased(); err != nil {
		return err
	}
	if len(p.taken) == 0 {
		return nil
	}
	table, err := p.growTable()
	if err != nil {
		return err
	}
	blocks, err := p.addBlocks(table)
	if err != nil {
		return err
	}
	if err := p.countTaken(blocks); err != nil {
		return err
	}
	for host, b := range blocks {
		p.fills = append(p.fills, withoutZeros(host, b)...)
	}
	if table != nil {
		p.switchTable(table)
	}
	return nil
}

// longerTable is a refcount table that replaces the one that has become too short.
type longerTable struct {
	host int64
	data []byte
}

// growTable makes a longer refcount table when the new clusters do not fit into the old one's reach. It has at least one
// cluster more than needed, which is room for all blocks and for the table itself.
func (p *planner) growTable() (*longerTable, error) {
	perBlock := p.cluster() / refcountEntryBytes
	// Each new block is a new cluster; a block for each of the clusters taken so far is more than will be needed.
	reach := p.end>>p.bits + int64(len(p.taken)) + 1
	need := (reach + perBlock - 1) / perBlock
	if need*entryBytes <= p.refcountLen {
		return nil, nil
	}
	length := roundUp(need*entryBytes, p.cluster()) + p.cluster()
	if length > maxRefcountBytes {
		return nil, &container.Refused{Kind: container.Unsupported, Detail: "the refcount table cannot grow any more"}
	}
	t := &longerTable{host: p.end, data: make([]byte, length)}
	for range length >> p.bits {
		if _, err := p.take(); err != nil {
			return nil, err
		}
	}
	err := p.eachWord(p.refcountOff, p.refcountLen/entryBytes, func(i int64, v uint64) error {
		binary.BigEndian.PutUint64(t.data[i*entryBytes:], v)
		return nil
	})
	for off := p.refcountOff; off < p.refcountOff+p.refcountLen; off += p.cluster() {
		p.released[off]++
	}
	return t, err
}

// addBlocks makes the refcount blocks that are missing for the new clusters, and returns their content by place.
func (p *planner) addBlocks(table *longerTable) (map[int64][]byte, error) {
	span := p.cluster() * p.cluster() / refcountEntryBytes // bytes of the file that one block counts
	blocks := map[int64][]byte{}
	for slot := p.taken[0] / span; slot*span < p.end; slot++ {
		at := p.refcountOff + slot*entryBytes
		if slot < p.refcountLen/entryBytes {
			v, err := p.word(at)
			if err != nil {
				return nil, err
			}
			if v != 0 {
				continue
			}
		}
		host, err := p.take()
		if err != nil {
			return nil, err
		}
		blocks[host] = make([]byte, p.cluster())
		if table != nil {
			binary.BigEndian.PutUint64(table.data[slot*entryBytes:], uint64(host))
		}
		p.tableWords[at] = uint64(host)
	}
	return blocks, nil
}

// countTaken sets the refcount of each new cluster to 1, in the new blocks or in those that exist.
func (p *planner) countTaken(blocks map[int64][]byte) error {
	perBlock := p.cluster() / refcountEntryBytes
	for _, host := range p.taken {
		i := host >> p.bits
		if block := blocks[int64(p.tableWords[p.refcountOff+i/perBlock*entryBytes])]; block != nil {
			binary.BigEndian.PutUint16(block[i%perBlock*refcountEntryBytes:], 1)
			continue
		}
		n, at, err := p.refcount(host)
		if err != nil {
			return err
		}
		if n != 0 || at == 0 {
			return corrupt("the cluster at offset %d, behind the end of the file, is counted as used", host)
		}
		p.upCounts[at] = 1
	}
	return nil
}

// switchTable makes the header point to the longer table, in which the new blocks are entered already.
func (p *planner) switchTable(t *longerTable) {
	p.fills = append(p.fills, withoutZeros(t.host, t.data)...)
	clear(p.tableWords)
	field := binary.BigEndian.AppendUint64(nil, uint64(t.host))
	field = binary.BigEndian.AppendUint32(field, uint32(int64(len(t.data))>>p.bits))
	p.header = append(p.header, container.Piece{Off: offRefcountTable, Data: field})
}

// checkReleased makes sure that the released clusters are counted as often as they are released.
func (p *planner) checkReleased() error {
	for host, times := range p.released {
		n, _, err := p.refcount(host)
		if err != nil {
			return err
		}
		if int(n) < times || p.owned.contains(host) {
			return corrupt("the cluster at offset %d is used %d times, more than it is counted, or holds a table", host, n)
		}
	}
	return nil
}

// downCounts returns the refcounts of the released clusters. A cluster whose count is not held by any block, which
// checkReleased has excluded for those of data, is left alone.
func (p *planner) downCounts() map[int64]uint16 {
	out := map[int64]uint16{}
	for host, times := range p.released {
		n, at, err := p.refcount(host)
		if err == nil && at != 0 && int(n) >= times {
			out[at] = n - uint16(times)
		}
	}
	return out
}
