package ledger

import (
	"path/filepath"
	"strings"
)

// Image tells one image from another.
type Image struct {
	// Path is what the user calls the image, such as images/web01 or /mnt/web01/Windows.
	Path string `json:"path"`
	// Place is the volume and the path in it: "file:/images/web01.img|/Windows", "dev:/dev/sdb2|/Windows",
	// "net:server:/share|/web01/Windows"; "path:|/mnt/web01/Windows" where the system does not tell what is mounted. Two
	// images at one place, one after the other, are taken for one that was made again.
	Place string `json:"place"`
	// File is the identity of the Windows directory within its volume (inode number), empty when not known. It tells an
	// image that was moved from a copy.
	File string `json:"file,omitempty"`
	// MachineSID is the identity of the installation, which copies of an image share; empty when not known.
	MachineSID string `json:"machine_sid,omitempty"`
}

// Locate finds the place of a Windows directory that is mounted or lies in the file system. It never fails: what cannot
// be told leaves the absolute path.
func Locate(windowsPath string) Image {
	real := realPath(windowsPath)
	volume, inside, file := locate(real)
	if volume == "" {
		volume, inside = "path:", filepath.ToSlash(real)
	}
	return Image{Path: windowsPath, Place: volume + "|" + inside, File: file}
}

func realPath(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil { // the working directory is gone
		return filepath.Clean(path)
	}
	if real, err := filepath.EvalSymlinks(absolute); err == nil {
		return real
	}
	return absolute
}

// moved reports whether a and b are one directory of one volume, whatever its path was and is.
func moved(a, b Image) bool {
	volumeA, _, _ := strings.Cut(a.Place, "|")
	volumeB, _, _ := strings.Cut(b.Place, "|")
	return a.File != "" && a.File == b.File && volumeA == volumeB && volumeA != "path:"
}
