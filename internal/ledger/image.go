package ledger

import (
	"cmp"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// Image is what an entry keeps of an image: which it is (package imagefs, Identity), and what its Windows is.
type Image struct {
	// Path is what the user calls the image, such as images/web01 or /mnt/web01/Windows.
	Path string `json:"path"`
	// Name is what the user calls it on every machine; empty: nothing.
	Name string `json:"name,omitempty"`
	// Host is the machine that Place is meant on; empty for places that all machines see. Entries of version 1 have it
	// from the entry's own host.
	Host string `json:"host,omitempty"`
	// Place is the volume and the path in it: "file:/images/web01.img|/Windows", "dev:/dev/sdb2|/Windows",
	// "net:server:/share|/web01/Windows"; "path:|/mnt/web01/Windows" where the system does not report what is mounted.
	Place string `json:"place"`
	// File is the inode number and the birth time of the Windows directory, or of the disk image file; empty when not known.
	File string `json:"file,omitempty"`
	// MachineSID is the identity of the installation, which copies of an image share; empty when not known.
	MachineSID string `json:"machine_sid,omitempty"`
	// ComputerName is the name that the Windows has now; empty when not known.
	ComputerName string `json:"computer_name,omitempty"`
}

// NewImage returns an image by its identity; path is what the user calls it.
func NewImage(path string, id imagefs.Identity) Image {
	return Image{Path: path, Name: id.Name, Host: id.Host, Place: id.Place(), File: id.File}
}

func (im Image) identity() imagefs.Identity {
	id := imagefs.Identity{Name: im.Name, Host: im.Host, File: im.File}
	id.Volume, id.Path, _ = strings.Cut(im.Place, "|")
	return id
}

// At reports whether both are at one place, where one image can follow another.
func (im Image) At(other Image) bool { return im.at(other) }

// at reports whether both are at one place, where one image can follow another.
func (im Image) at(other Image) bool { return im.identity().SamePlace(other.identity()) }

// moved reports whether both are one directory of one volume, or one disk image file, whatever its path was and is. Two names are two images:
// clones that are mounted one after the other have the same directory.
func (im Image) moved(other Image) bool {
	renamed := im.Name != "" && other.Name != "" && im.Name != other.Name
	return !renamed && im.identity().Moved(other.identity())
}

// exchanged reports whether the directory was made anew, at the same place.
func (im Image) exchanged(other Image) bool { return im.identity().Exchanged(other.identity()) }

// mayBe reports whether nothing that is known of both says that they are two images: for a use that was not seen to end.
func (im Image) mayBe(other Image) bool {
	agree := func(a, b string) bool { return a == "" || b == "" || strings.EqualFold(a, b) }
	return im.at(other) && !im.exchanged(other) && agree(im.MachineSID, other.MachineSID) &&
		agree(im.ComputerName, other.ComputerName)
}

// called returns what messages call the image, safe for a line, with its host where that is another.
func (im Image) called(here Image) string {
	name := plaintext.Line(cmp.Or(im.Name, im.Path), plaintext.Name)
	if host := imagefs.HostName(im.Host); im.Name == "" && host != "" && host != imagefs.HostName(here.Host) {
		name += " on " + plaintext.Line(host, plaintext.Name)
	}
	return name
}
