package imagefs

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Identity tells one image from another, for whoever remembers images: the ledger. No part of it is enough by itself.
// Paths and mount points are used for one image after the other, inodes are used again, and clones of an image share all
// that is inside it. So two identities that agree in everything are one image only while the image holds what is
// remembered of it.
type Identity struct {
	// Name is what the user calls the image on every machine; it goes before all that is below.
	Name string
	// Host is the machine that Volume is meant on: its host name and a digest of its machine id, which alone is copied
	// with virtual machines. It is empty for volumes that all machines see under one name.
	Host string
	// Volume names what is mounted: "file:/images/web01.img", "dev:/dev/sdb2", "dm:NAME", "net:server:/share",
	// "guest:ADDRESS"; "path:" where the system does not report it.
	Volume string
	// Path is the Windows directory in the volume, with slashes; the absolute path for "path:". Of a disk image file, Volume
	// has the path and the partition, if one was chosen ("file:/images/web01.qcow2#3").
	Path string
	// File is the inode number and the birth time of the Windows directory, or of the disk image file; "" where one of them is
	// not known.
	File string
}

// What a disk image file has for a volume, before its path, and for a path. What is mounted has a path with a slash.
const (
	diskVolume = "file:"
	insideDisk = "Windows"
)

// unknownVolume is the volume of a path that the system says nothing about.
const unknownVolume = "path:"

// Identity returns the identity of the image at a location. It never fails: what is not known is left out.
func (l Location) Identity() Identity {
	id := Identity{Name: l.Name, Host: host()}
	if l.Machine != "" {
		id.Volume, id.Path = "guest:"+l.Machine, filepath.ToSlash(l.WindowsPath)
		return id
	}
	if l.ImagePath != "" {
		path := resolved(l.disk())
		_, _, id.File = locate(path)
		id.Volume, id.Path = diskVolume+filepath.ToSlash(path)+l.hash(), insideDisk
		return id
	}
	path := resolved(l.WindowsPath)
	id.Volume, id.Path, id.File = locate(path)
	if id.Volume == "" {
		id.Volume, id.Path = unknownVolume, filepath.ToSlash(path)
	}
	if strings.HasPrefix(id.Volume, "net:") {
		id.Host = ""
	}
	return id
}

// Place returns volume and path as one text.
func (i Identity) Place() string { return i.Volume + "|" + i.Path }

// SamePlace reports whether both are at one place: of the same name where both have one, else at the same path of the
// same volume of the same host. Two images can be at one place one after the other.
func (i Identity) SamePlace(o Identity) bool {
	if i.Name != "" && o.Name != "" {
		return i.Name == o.Name
	}
	return i.sameVolume(o) && i.Path == o.Path
}

// Moved reports whether both are one directory of one volume, or one disk image file, whatever its path was and is. A file
// that went to another file system is another file.
func (i Identity) Moved(o Identity) bool {
	if i.File == "" || i.File != o.File {
		return false
	}
	mine, isDisk := i.partition()
	theirs, wasDisk := o.partition()
	if isDisk && wasDisk {
		return samePartition(mine, theirs) && sameHost(i.Host, o.Host)
	}
	return i.sameVolume(o) && i.Volume != unknownVolume
}

// partition returns which partition of a disk image file was chosen, "" for none. isDisk is false for what is mounted.
func (i Identity) partition() (chosen string, isDisk bool) {
	if !strings.HasPrefix(i.Volume, diskVolume) || i.Path != insideDisk {
		return "", false
	}
	if at := strings.LastIndexByte(i.Volume, '#'); at >= 0 {
		if _, err := strconv.Atoi(i.Volume[at+1:]); err == nil {
			return i.Volume[at+1:], true
		}
	}
	return "", true
}

// samePartition compares chosen partitions. None was chosen where one alone had a Windows, which whoever names it later means.
func samePartition(a, b string) bool { return a == "" || b == "" || a == b }

// Exchanged reports whether the directory of one was made anew for the other, at the same place.
func (i Identity) Exchanged(o Identity) bool {
	return i.SamePlace(o) && i.File != "" && o.File != "" && i.File != o.File
}

func (i Identity) sameVolume(o Identity) bool {
	if !sameHost(i.Host, o.Host) {
		return false
	}
	mine, isDisk := i.partition()
	theirs, wasDisk := o.partition()
	if isDisk && wasDisk && (mine == "") != (theirs == "") {
		return strings.TrimSuffix(i.Volume, "#"+mine) == strings.TrimSuffix(o.Volume, "#"+theirs)
	}
	return i.Volume == o.Volume
}

// hostMark divides a host name from the digest of its machine id.
const hostMark = "#"

// sameHost compares hosts; one that was recorded by its name alone is compared by that.
func sameHost(a, b string) bool {
	if !strings.Contains(a, hostMark) || !strings.Contains(b, hostMark) {
		return HostName(a) == HostName(b)
	}
	return a == b
}

// HostName returns the name part of [Identity.Host], for messages.
func HostName(host string) string {
	name, _, _ := strings.Cut(host, hostMark)
	return name
}

// host returns this machine's name and a digest of its machine id, where it has one.
func host() string {
	name, err := os.Hostname()
	if err != nil {
		name = "localhost"
	}
	id := machineID()
	if id == "" {
		return name
	}
	digest := sha256.Sum256([]byte("offlinejoin " + id)) // the id itself is confidential (machine-id(5))
	return name + hostMark + hex.EncodeToString(digest[:6])
}

// resolved returns the absolute path without links, in one spelling.
func resolved(path string) string {
	if runtime.GOOS == "windows" {
		return plainSpelling(withoutLinks(plainSpelling(path)))
	}
	return withoutLinks(path)
}

func withoutLinks(path string) string {
	abs := absolute(path)
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	if folder, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil { // of what is made only later
		return filepath.Join(folder, filepath.Base(abs))
	}
	return abs
}
