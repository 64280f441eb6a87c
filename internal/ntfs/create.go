package ntfs

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// CreateOptions say what a new file or directory is like.
type CreateOptions struct {
	// Like is the path of a file whose security descriptor the new one gets. It may be left out for a directory, which then
	// gets the one of its parent.
	Like string
	// Descriptor is a self-relative security descriptor that the new one gets instead, kept in its own record.
	Descriptor []byte
	// Secret means that the data are secret. They are never put into the FILE record then, so that they are in fills only.
	Secret bool
}

// Create makes a file. The directory must be there (fs.ErrNotExist), the name must not (fs.ErrExist), also not as a DOS name or
// in another case. A *Refused says what the volume has no room for, or what kind of name it is.
func (t *Tx) Create(path string, data []byte, o CreateOptions) error {
	if o.Like == "" && len(o.Descriptor) == 0 {
		return fmt.Errorf("creating %s: no file was named whose security it should have", path)
	}
	if err := t.create(path, data, false, o); err != nil {
		return fmt.Errorf("creating %s: %w", path, err)
	}
	return nil
}

// Mkdir makes a directory, under the same conditions as Create.
func (t *Tx) Mkdir(path string, o CreateOptions) error {
	if err := t.create(path, nil, true, o); err != nil {
		return fmt.Errorf("making the directory %s: %w", path, err)
	}
	return nil
}

// splitParent returns the path of the directory, which may be "", and the last name.
func splitParent(path string) (dir, name string) {
	path = strings.TrimRight(path, "/")
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}

// namePlace is where a name is to be in a directory.
type namePlace struct {
	dir  *inode
	tree *tree
	path []step
	key  fileName // with the parent and the name only
}

// freeName finds the place of a name that must not be there yet.
func (t *Tx) freeName(path string) (*namePlace, error) {
	dirPath, name := splitParent(path)
	u, space, err := newName(name)
	if err != nil {
		return nil, err
	}
	dir, err := t.lookup(dirPath)
	if err != nil {
		return nil, err
	}
	if err := t.checkDirectory(dir); err != nil {
		return nil, err
	}
	x, err := t.tree(dir, StageIndex)
	if err != nil {
		return nil, err
	}
	p := &namePlace{dir: dir, tree: x, key: make(fileName, nameHeader+2*len(u))}
	var found bool
	if p.path, found, err = x.find(t.byName(u)); err != nil {
		return nil, err
	}
	if found {
		return nil, fs.ErrExist
	}
	put64(p.key, 0, dir.reference())
	p.key[64], p.key[65] = byte(len(u)), space
	for i, c := range u {
		put16(p.key, nameHeader+2*i, c)
	}
	return p, nil
}

// checkDirectory refuses what no name is put into or taken out of.
func (t *Tx) checkDirectory(dir *inode) error {
	switch {
	case !dir.directory():
		return fs.ErrNotExist
	case dir.has(typeReparsePoint):
		return &Refused{Kind: Reparse}
	}
	return t.ordinary(dir) // with an attribute list, blocks can be changed, and what needs the record is refused later
}

func (p *namePlace) insert(reference uint64) error {
	e := make(entry, align8(entryHeader+len(p.key)))
	put64(e, 0, reference)
	put16(e, 8, uint16(len(e)))
	put16(e, 10, uint16(len(p.key)))
	copy(e[entryHeader:], p.key)
	if err := p.tree.insert(p.path, e); err != nil {
		return err
	}
	return p.tree.flush()
}

func (t *Tx) create(path string, data []byte, directory bool, o CreateOptions) error {
	t.forward()
	p, err := t.freeName(path)
	if err != nil {
		return err
	}
	model := p.dir
	if o.Like != "" {
		if model, err = t.lookup(o.Like); err != nil {
			return err
		}
	}
	free, err := t.takeRecord()
	if err != nil {
		return err
	}
	rec := newRecord(free, flagInUse)
	flags := uint32(FileArchive)
	if directory {
		put16(rec.b, offFlags, flagInUse|flagDirectory)
		flags = 0
	}
	if err := t.addCommon(rec, p.key, model, o.Descriptor, flags); err != nil {
		return err
	}
	if directory {
		err = t.addRoot(rec, p.dir)
	} else {
		err = t.addData(rec, data, o.Secret)
	}
	if err != nil {
		return err
	}
	if err := t.writeRecord(rec, StageRecords, 0); err != nil {
		return err
	}
	t.born[rec.number] = len(t.epochs) - 1
	if p, err = t.freeName(path); err != nil { // $MFT may have grown, which changes no directory but reads are cheap
		return err
	}
	copy(p.key[8:64], fileNameOf(rec, &t.geometry)[8:64])
	if err := p.insert(rec.reference()); err != nil {
		return err
	}
	return t.touch(p.dir.reference(), StageIndex)
}

// fileNameOf returns the value of the only $FILE_NAME of a record that was built here.
func fileNameOf(rec *record, g *geometry) fileName {
	attrs, err := rec.attributes(g)
	if err != nil {
		return make(fileName, nameHeader)
	}
	i := inode{record: rec, attrs: attrs}
	return i.first(typeFileName, "").value
}

// addCommon adds $STANDARD_INFORMATION, $FILE_NAME and, where there is no number for it in $Secure, the security descriptor. The
// data come later and correct the sizes in the name.
func (t *Tx) addCommon(rec *record, key fileName, model *inode, descriptor []byte, flags uint32) error {
	now := ticks(t.options.Now)
	std := make([]byte, longStandard)
	for off := 0; off < 32; off += 8 {
		put64(std, off, now)
		put64(key, 8+off, now)
	}
	put32(std, 32, flags)
	put32(key, 56, flags)
	if rec.directory() {
		put32(key, 56, flags|fileDirectoryCopy)
	}
	id := model.securityID()
	var err error
	if id == 0 && descriptor == nil {
		if descriptor, err = t.descriptor(model); err != nil {
			return err
		}
	}
	if put32(std, 52, id); descriptor != nil {
		std = std[:48]
	}
	put16(rec.b, offLinks, 1)
	for _, b := range [][]byte{
		residentAttribute(typeStandardInformation, "", rec.nextID(), false, std),
		residentAttribute(typeFileName, "", rec.nextID(), true, key),
	} {
		if err := t.addAttribute(rec, b); err != nil {
			return err
		}
	}
	if descriptor == nil {
		return nil
	}
	return t.addDescriptor(rec, descriptor)
}

func (t *Tx) addAttribute(rec *record, b []byte) error {
	ok, err := rec.insert(&t.geometry, b)
	if err == nil && !ok {
		err = refuse(TooLarge, "too much for a record of %d bytes", t.recordSize)
	}
	return err
}

// addDescriptor adds a security descriptor of the file's own. One of more than a quarter of the record goes to clusters.
func (t *Tx) addDescriptor(rec *record, b []byte) error {
	id := rec.nextID()
	if len(b) <= len(rec.b)/4 {
		return t.addAttribute(rec, residentAttribute(typeSecurityDescriptor, "", id, false, b))
	}
	runs, err := t.fill(b, int64(len(b)), false)
	if err != nil {
		return err
	}
	size := int64(len(b))
	return t.addAttribute(rec, nonresidentAttribute(typeSecurityDescriptor, "", id, 0, runs, size, size, t.cluster))
}

// addRoot adds the empty index of a directory, with blocks as its parent has them.
func (t *Tx) addRoot(rec *record, parent *inode) error {
	root := parent.first(typeIndexRoot, fileIndex)
	if root == nil || len(root.value) < 16 {
		return damaged("record %d has no index", parent.number)
	}
	n := &node{first: nodeHeader}
	value := make([]byte, 16+n.size())
	copy(value, root.value[:16])
	n.serialize(value[16:])
	ok, err := rec.insert(&t.geometry, residentAttribute(typeIndexRoot, fileIndex, rec.nextID(), false, value))
	if err == nil && !ok {
		err = refuse(TooLarge, "too much for a record of %d bytes", t.recordSize)
	}
	return err
}

// addData adds the data: in the record where they fit and are no secret, else in clusters.
func (t *Tx) addData(rec *record, data []byte, secret bool) error {
	id := rec.nextID()
	if !secret || len(data) == 0 {
		ok, err := rec.insert(&t.geometry, residentAttribute(typeData, "", id, false, data))
		if err != nil {
			return err
		}
		if ok {
			t.setNameSizes(rec, int64(align8(len(data))), int64(len(data)))
			return nil
		}
	}
	runs, err := t.fill(data, int64(len(data)), secret)
	if err != nil {
		return err
	}
	size := int64(len(data))
	ok, err := rec.insert(&t.geometry, nonresidentAttribute(typeData, "", id, 0, runs, size, size, t.cluster))
	if err != nil {
		return err
	}
	if !ok {
		return refuse(NoSpace, "%d pieces", len(runs))
	}
	t.setNameSizes(rec, runClusters(runs)*t.cluster, size)
	return nil
}

func (t *Tx) setNameSizes(rec *record, allocated, size int64) {
	name := fileNameOf(rec, &t.geometry)
	put64(name, 40, uint64(allocated))
	put64(name, 48, uint64(size))
}

// fill takes clusters for size bytes, of which data are the first, and fills the rest with zeros, to the end of a page: what is
// behind that is not read, and is zeroed when the file grows into it.
func (t *Tx) fill(data []byte, size int64, secret bool) ([]extent, error) {
	n := (size + t.cluster - 1) / t.cluster
	if n == 0 {
		return nil, nil
	}
	runs, err := t.allocate(n, -1)
	if err != nil {
		return nil, err
	}
	var s Secrecy
	if secret {
		s = NewSecret
	}
	for _, e := range runs {
		from := e.vcn * t.cluster
		n := min(e.n*t.cluster, (size-from+pageSize-1)/pageSize*pageSize)
		here := data[min(from, int64(len(data))):min(from+n, int64(len(data)))]
		whole := int64(len(here)) / sectorSize * sectorSize
		t.put(e.lcn*t.cluster, here[:whole], StageData, s)
		rest := make([]byte, n-whole)
		copy(rest, here[whole:])
		t.put(e.lcn*t.cluster+whole, rest, StageData, s)
	}
	return runs, nil
}

// forward begins a new epoch when this one already takes things away: what is added now must not be written before that.
func (t *Tx) forward() {
	e := t.epochs[len(t.epochs)-1]
	if slices.ContainsFunc(e[StageSettle:StageFree], func(o overlay) bool { return len(o) > 0 }) {
		t.nextEpoch()
	}
}
