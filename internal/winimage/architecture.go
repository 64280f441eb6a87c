package winimage

import (
	"debug/pe"
	"encoding/binary"
	"path"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// findArchitecture returns what the registry says, else what Windows' own programs are made for.
func (im *Image) findArchitecture() Architecture {
	if im.facts.Architecture != "" {
		return im.facts.Architecture
	}
	for _, name := range []string{"System32/ntoskrnl.exe", "System32/ntdll.dll"} {
		f, err := im.session.Open(path.Join(im.session.Windows(), name))
		if err != nil {
			continue
		}
		arch := programArchitecture(f)
		f.Close()
		if arch != "" {
			return arch
		}
	}
	return ""
}

// programArchitecture reads the machine field of a PE file's header, and nothing else of it: the file may be an
// enemy's.
func programArchitecture(f imagefs.File) Architecture {
	const (
		peOffsetAt = 0x3C // e_lfanew in the MS-DOS header
		maxOffset  = 1 << 20
	)
	var dos [peOffsetAt + 4]byte
	if _, err := f.ReadAt(dos[:], 0); err != nil || string(dos[:2]) != "MZ" {
		return ""
	}
	at := binary.LittleEndian.Uint32(dos[peOffsetAt:])
	var head [6]byte // signature and Machine
	if at > maxOffset {
		return ""
	}
	if _, err := f.ReadAt(head[:], int64(at)); err != nil || string(head[:4]) != "PE\x00\x00" {
		return ""
	}
	switch binary.LittleEndian.Uint16(head[4:]) {
	case pe.IMAGE_FILE_MACHINE_AMD64:
		return AMD64
	case pe.IMAGE_FILE_MACHINE_ARM64:
		return ARM64
	case pe.IMAGE_FILE_MACHINE_I386:
		return X86
	}
	return ""
}
