package program

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Offsets and values of the PE format ("PE Format", Microsoft Learn), and of how Authenticode signs it: the signature
// covers all of the file but the checksum, the entry of the certificate table, and that table at the file's end.
const (
	offsetNewHeader = 0x3C // in the DOS header
	coffHeaderSize  = 20

	offsetChecksum   = 64 // in the optional header, of both kinds
	directoriesPE32  = 96
	directoriesPE64  = 112
	magicPE32        = 0x10B
	magicPE64        = 0x20B
	certificateEntry = 4 // of the data directories
	certificateAlign = 8 // the table begins at a multiple of it, and the file is filled up with zeros
)

var (
	errNotPE       = errors.New("it is not a Windows program")
	errCertificate = errors.New("its certificate table does not end the file")
)

// image is a PE file, taken apart as far as signing goes.
type image struct {
	file        []byte
	machine     uint16
	checksum    int // where the field is
	directory   int // where the entry of the certificate table is
	certificate int // where the table is; the file's length when there is none
}

// parseImage trusts no number of the file.
func parseImage(file []byte) (image, error) {
	im := image{file: file, certificate: len(file)}
	if len(file) < offsetNewHeader+4 || string(file[:2]) != "MZ" {
		return im, errNotPE
	}
	header := int64(binary.LittleEndian.Uint32(file[offsetNewHeader:]))
	optional := header + 4 + coffHeaderSize
	if optional+directoriesPE64+8*(certificateEntry+1) > int64(len(file)) || string(file[header:header+4]) != "PE\x00\x00" {
		return im, errNotPE
	}
	im.machine = binary.LittleEndian.Uint16(file[header+4:])
	im.checksum = int(optional) + offsetChecksum
	directories := int(optional)
	switch binary.LittleEndian.Uint16(file[optional:]) {
	case magicPE32:
		directories += directoriesPE32
	case magicPE64:
		directories += directoriesPE64
	default:
		return im, errNotPE
	}
	if binary.LittleEndian.Uint32(file[directories-4:]) <= certificateEntry { // NumberOfRvaAndSizes
		return im, errNotPE
	}
	im.directory = directories + 8*certificateEntry
	offset := int64(binary.LittleEndian.Uint32(file[im.directory:])) // of the file, unlike in the other entries
	size := int64(binary.LittleEndian.Uint32(file[im.directory+4:]))
	if offset == 0 && size == 0 {
		return im, nil
	}
	if offset < int64(im.directory)+8 || size == 0 || offset+size != int64(len(file)) {
		return im, errCertificate
	}
	im.certificate = int(offset)
	return im, nil
}

func (im image) signed() bool { return im.certificate < len(im.file) }

// unsigned returns what a signature covers, with zeros where the rest was. What was filled up with zeros to let the table
// begin at a multiple of 8 stays filled up.
func (im image) unsigned() []byte {
	covered := append([]byte(nil), im.file[:im.certificate]...)
	clear(covered[im.checksum : im.checksum+4])
	clear(covered[im.directory : im.directory+8])
	for len(covered)%certificateAlign != 0 {
		covered = append(covered, 0)
	}
	return covered
}

// Machine types of the PE format.
const (
	machineX86   = 0x014C
	machineAMD64 = 0x8664
	machineARM64 = 0xAA64
)

// arch is the architecture in the words of answer files.
func (im image) arch() string {
	switch im.machine {
	case machineX86:
		return "x86"
	case machineAMD64:
		return "amd64"
	case machineARM64:
		return "arm64"
	}
	return "another architecture"
}

// AuthenticodeSHA256 is the digest by which Windows' application control knows a program: of all of the file but the
// checksum, the entry of the certificate table, and that table ("Windows Authenticode Portable Executable Signature Format",
// Microsoft). It is the same for a signed copy. The error says that the file is no program.
func AuthenticodeSHA256(exe []byte) ([sha256.Size]byte, error) {
	im, err := parseImage(exe)
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	covered := im.unsigned()
	h := sha256.New()
	h.Write(covered[:im.checksum])
	h.Write(covered[im.checksum+4 : im.directory])
	h.Write(covered[im.directory+8:])
	return [sha256.Size]byte(h.Sum(nil)), nil
}
