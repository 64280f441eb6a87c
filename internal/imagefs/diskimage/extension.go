package diskimage

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// formatNamed returns the format that the extension of a disk image file stands for, "" for one that stands for none.
func formatNamed(path string) container.Format {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".raw", ".img", ".dd":
		return container.Raw
	case ".qcow2", ".qcow":
		return container.QCOW2
	case ".vhdx", ".avhdx":
		return container.VHDX
	case ".vhd", ".avhd":
		return container.VHD
	case ".vmdk":
		return container.VMDK
	case ".vdi":
		return "vdi"
	}
	return ""
}

// usual returns the usual extension of a format.
func usual(format container.Format) string {
	if format == container.VHD {
		return ".vhd" // qemu's word is another
	}
	return "." + string(format)
}

// misnamed says that the name of the disk that Commit makes stands for another format than the disk is going to have; "" where it
// does not. A golden image of the same format that has the same extension shows that its users mean it.
func (s *Session) misnamed() string {
	if !s.golden() {
		return ""
	}
	golden := s.image.Format()
	format := golden
	if s.made.Overlay {
		format = container.QCOW2
	}
	base := filepath.Base(s.made.Path)
	extension := filepath.Ext(base)
	named := formatNamed(base)
	likeGolden := format == golden && strings.EqualFold(extension, filepath.Ext(s.made.Golden))
	if named == "" || named == format || likeGolden {
		return ""
	}
	return fmt.Sprintf("the new disk is a %s image, and its name, %s, says %s: hypervisors and tools that go by the name refuse it or "+
		"misread it: let %s end in %s, as in %s", usual(format)[1:], plaintext.Line(base, 0), strings.ToLower(extension[1:]),
		newDiskWord(s.made.Overlay), usual(format), plaintext.Line(strings.TrimSuffix(base, extension)+usual(format), 0))
}
