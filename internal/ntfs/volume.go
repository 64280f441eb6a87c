package ntfs

import (
	"bytes"
	"fmt"
	"io"
)

// Flags of $VOLUME_INFORMATION.
const (
	volumeDirty = 0x0001
	volumeSeen  = 0x0080 // set on every volume that Windows 8 or later has mounted (observed); nothing is due
)

// Volume is an NTFS volume that is read. It is not for concurrent use.
type Volume struct {
	reader
	label        string
	major, minor byte
	flags        uint16
	snapshots    bool
	unwritable   error // why it must not be changed; nil when it may
}

// Open reads what describes the volume of size bytes that begins at offset 0 of r. It returns a *Refused when it is no NTFS
// volume, or one that cannot even be read, and errors of r as they are. A volume that can be read but must not be changed
// is opened: see Writable.
func Open(r io.ReaderAt, size int64) (*Volume, error) {
	g, err := readGeometry(r, size)
	if err != nil {
		return nil, err
	}
	v := &Volume{reader: reader{geometry: g, dev: r}}
	if err := v.openMFT(); err != nil {
		return nil, err
	}
	if err := v.readVolumeFile(); err != nil {
		return nil, err
	}
	if err := v.readUpCase(); err != nil {
		return nil, err
	}
	if v.snapshots, err = v.hasShadowCopies(); err != nil {
		return nil, err
	}
	v.unwritable = v.checkWritable()
	return v, nil
}

// openMFT finds $MFT by its own record. Where its runs are spread over extension records, those are reached through the runs
// that are known so far.
func (r *reader) openMFT() error {
	b := make([]byte, r.recordSize)
	if err := readFull(r.dev, b, r.mftStart*r.cluster); err != nil {
		return err
	}
	rec, err := parseRecord(recordMFT, b)
	if err != nil {
		return err
	}
	own, err := rec.attributes(&r.geometry)
	if err != nil {
		return err
	}
	if r.mft, err = (&inode{record: rec, attrs: own}).stream(typeData, ""); err != nil {
		return err
	}
	if err := r.checkMFT(false); err != nil {
		return err
	}
	file, err := r.inodeOf(rec)
	if err != nil {
		return err
	}
	if r.mft, err = file.stream(typeData, ""); err != nil {
		return err
	}
	return r.checkMFT(true)
}

func (r *reader) checkMFT(whole bool) error {
	m := r.mft
	switch {
	case m == nil, m.attr.resident, m.attr.flags != 0, len(m.runs) == 0, m.size > r.bytes,
		m.runs[0].lcn != r.mftStart, whole && !m.covered(r.cluster):
		return damaged("record 0: $MFT's own data")
	case r.recordCount() < firstUser:
		return damaged("$MFT has %d records", r.recordCount())
	}
	for _, e := range m.runs {
		if e.lcn == hole {
			return damaged("record 0: $MFT has a hole")
		}
	}
	return nil
}

func (v *Volume) readVolumeFile() error {
	file, err := v.inode(recordVolume)
	if err != nil {
		return err
	}
	info := file.first(typeVolumeInformation, "")
	if info == nil || len(info.value) < 12 {
		return damaged("record 3: no volume information")
	}
	v.major, v.minor, v.flags = info.value[8], info.value[9], u16(info.value, 10)
	if name := file.first(typeVolumeName, ""); name != nil && name.resident {
		v.label = decodeUTF16(name.value[:len(name.value)&^1])
	}
	return nil
}

func (v *Volume) readUpCase() error {
	file, err := v.inode(recordUpCase)
	if err != nil {
		return err
	}
	s, err := file.stream(typeData, "")
	if err != nil {
		return err
	}
	if s == nil || s.size != 131072 {
		return damaged("record 10: no complete $UpCase")
	}
	b, err := v.readAll(s, 131072)
	if err != nil {
		return err
	}
	v.upcase = new([65536]uint16)
	for i := range v.upcase {
		v.upcase[i] = u16(b, 2*i)
	}
	return nil
}

// shadowCopyGUID is what Windows writes at 0x1e00 of a volume that holds shadow copies
// (3808876b-c176-4e48-b7ae-04046e6cc752; observed).
func shadowCopyGUID() []byte {
	return []byte{0x6b, 0x87, 0x08, 0x38, 0x76, 0xc1, 0x48, 0x4e, 0xb7, 0xae, 0x04, 0x04, 0x6e, 0x6c, 0xc7, 0x52}
}

func (r *reader) hasShadowCopies() (bool, error) {
	b := make([]byte, 16)
	if r.bytes < 0x2000 {
		return false, nil
	}
	err := readFull(r.dev, b, 0x1e00)
	return bytes.Equal(b, shadowCopyGUID()), err
}

// checkWritable returns why the volume must not be changed.
func (v *Volume) checkWritable() error {
	switch {
	case v.major != 3 || v.minor != 1:
		return refuse(Version, "%s", v.Version())
	case v.flags&volumeDirty != 0:
		return &Refused{Kind: Dirty}
	case v.flags&^(volumeDirty|volumeSeen) != 0:
		return refuse(Flagged, "flags %#04x", v.flags)
	}
	for _, check := range []func() error{v.logState, v.checkHibernation, v.checkMirror, v.checkBitmap} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkHibernation looks into hiberfil.sys. One that is zeroed, or whose Windows has woken up, does not matter.
func (v *Volume) checkHibernation() error {
	f, err := v.Open("hiberfil.sys")
	if isNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("hiberfil.sys: %w", err)
	}
	b := make([]byte, 4)
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		return fmt.Errorf("hiberfil.sys: %w", err)
	}
	switch string(bytes.ToUpper(b)) {
	case "HIBR", "RSTR":
		return &Refused{Kind: Hibernated}
	}
	return nil
}

// mirrored is how many records Windows keeps in $MFTMirr, however long that is.
const mirrored = 4

// checkMirror compares the first four FILE records with $MFTMirr.
func (v *Volume) checkMirror() error {
	mirror, err := v.mirror()
	if err != nil {
		return err
	}
	a, b := make([]byte, mirrored*v.recordSize), make([]byte, mirrored*v.recordSize)
	if err := v.readStream(v.mft, a, 0); err != nil {
		return err
	}
	if err := v.readStream(mirror, b, 0); err != nil {
		return err
	}
	for n := range int64(mirrored) {
		if from, to := n*v.recordSize, (n+1)*v.recordSize; !bytes.Equal(a[from:to], b[from:to]) {
			return damaged("record %d differs from its copy in $MFTMirr", n)
		}
	}
	return nil
}

// mirror returns the content of $MFTMirr.
func (r *reader) mirror() (*stream, error) {
	file, err := r.inode(recordMirror)
	if err != nil {
		return nil, err
	}
	s, err := file.stream(typeData, "")
	if err != nil {
		return nil, err
	}
	if s == nil || s.attr.resident || s.attr.flags != 0 || len(s.runs) == 0 || !s.covered(r.cluster) ||
		s.runs[0].lcn != r.mirrorStart || min(s.size, s.initialized) < mirrored*r.recordSize {
		return nil, damaged("record 1: $MFTMirr's data")
	}
	return s, nil
}

// checkBitmap sees that $Bitmap is long enough, and that the clusters which are known to be in use are in use there.
func (v *Volume) checkBitmap() error {
	bitmap, err := v.bitmap()
	if err != nil {
		return err
	}
	for _, lcn := range []int64{0, v.mftStart, v.mirrorStart, bitmap.runs[0].lcn} {
		var b [1]byte
		if err := v.readStream(bitmap, b[:], lcn/8); err != nil {
			return err
		}
		if b[0]>>(lcn%8)&1 == 0 {
			return damaged("$Bitmap calls cluster %d free", lcn)
		}
	}
	return nil
}

// bitmap returns the content of $Bitmap: one bit for each cluster, set for one in use.
func (r *reader) bitmap() (*stream, error) {
	file, err := r.inode(recordBitmap)
	if err != nil {
		return nil, err
	}
	s, err := file.stream(typeData, "")
	if err != nil {
		return nil, err
	}
	if s == nil || s.attr.resident || s.attr.flags != 0 || len(s.runs) == 0 || !s.covered(r.cluster) ||
		s.runs[0].lcn == hole || min(s.size, s.initialized) < (r.clusters+7)/8 {
		return nil, damaged("record 6: $Bitmap's data")
	}
	return s, nil
}

// Writable returns nil when the volume may be changed, and else the *Refused that Begin will return.
func (v *Volume) Writable() error { return v.unwritable }

// Label returns the volume's name, which may be empty. It is the image's word.
func (v *Volume) Label() string { return v.label }

// Serial returns the volume's serial number, 8 bytes.
func (v *Volume) Serial() uint64 { return v.serial }

// Version returns the version of NTFS, such as "3.1".
func (v *Volume) Version() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

// Flags returns the flags of $Volume; 1 is "dirty".
func (v *Volume) Flags() uint16 { return v.flags }

// ClusterSize returns the bytes of a cluster.
func (v *Volume) ClusterSize() int64 { return v.cluster }

// Size returns the length of the volume in bytes.
func (v *Volume) Size() int64 { return v.bytes }

// HasSnapshots reports whether the volume holds shadow copies (VSS). They show the new bytes of whatever is changed in place.
func (v *Volume) HasSnapshots() bool { return v.snapshots }
