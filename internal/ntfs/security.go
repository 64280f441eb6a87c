package ntfs

import (
	"fmt"
	"slices"
)

// maxDescriptor is the longest security descriptor that is read, which is longer than any that Windows makes.
const maxDescriptor = 128 << 10

// SecurityDescriptor returns the self-relative security descriptor of a file or directory, as $Secure keeps it or the file
// itself does. It returns a *Refused (Damaged) when it has none.
func (r *reader) SecurityDescriptor(path string) ([]byte, error) {
	i, err := r.lookup(path)
	if err != nil {
		return nil, err
	}
	b, err := r.descriptor(i)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

func (r *reader) descriptor(i *inode) ([]byte, error) {
	if id := i.securityID(); id != 0 {
		return r.sharedDescriptor(id)
	}
	s, err := i.stream(typeSecurityDescriptor, "")
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, damaged("record %d has no security descriptor", i.number)
	}
	return r.readAll(s, maxDescriptor)
}

// longStandard is the length of a $STANDARD_INFORMATION that has a security id, at 52. The short one of 48 bytes has none.
const longStandard = 72

// securityID returns the number under which $Secure keeps the file's descriptor, 0 for none.
func (i *inode) securityID() uint32 {
	std := i.first(typeStandardInformation, "")
	if std == nil || len(std.value) < longStandard {
		return 0
	}
	return u32(std.value, 52)
}

// sharedDescriptor looks an id up in $Secure's index $SII, whose entries tell where in the stream $SDS the descriptor is: hash
// 4 bytes, id 4, offset 8, size 4, and the same 20 bytes again before the descriptor.
func (r *reader) sharedDescriptor(id uint32) ([]byte, error) {
	secure, err := r.inode(recordSecure)
	if err != nil {
		return nil, err
	}
	x, err := r.index(secure, "$SII", 0, collateUlong)
	if err != nil {
		return nil, err
	}
	path, found, err := x.find(byNumber(id))
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, damaged("$Secure has no security id %d", id)
	}
	last := path[len(path)-1]
	e := last.node.entries[last.at]
	at, length := int(u16(e, 0)), int(u16(e, 2))
	if at < entryHeader || length < 20 || at+length > len(e) {
		return nil, damaged("$SII: entry of security id %d", id)
	}
	return r.fromSDS(secure, e[at:at+20], id)
}

func (r *reader) fromSDS(secure *inode, header []byte, id uint32) ([]byte, error) {
	sds, err := secure.stream(typeData, "$SDS")
	if err != nil {
		return nil, err
	}
	size := int64(u32(header, 16))
	if sds == nil || size < 20+20 || size > maxDescriptor || u32(header, 4) != id {
		return nil, damaged("$SII: security id %d has %d bytes", id, size)
	}
	b := make([]byte, size)
	if err := r.readStream(sds, b, i64(header, 8)); err != nil {
		return nil, damaged("$SDS: security id %d: %v", id, err)
	}
	if !slices.Equal(b[:20], header) || descriptorHash(b[20:]) != u32(header, 0) {
		return nil, damaged("$SDS: security id %d is not what $SII says", id)
	}
	return b[20:], nil
}

// descriptorHash is the hash of $Secure: of each 4 bytes, with the sum turned left by 3 before. Bytes behind the last four
// do not count.
func descriptorHash(b []byte) uint32 {
	var h uint32
	for ; len(b) >= 4; b = b[4:] {
		h = u32(b, 0) + (h<<3 | h>>29)
	}
	return h
}
