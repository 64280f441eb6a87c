package offlinejoin

import (
	"bytes"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// imageOf returns the one Windows directory among the files of an artifact, or else the one disk image file. Builders
// list files, directories or both.
func imageOf(artifact packersdk.Artifact) (windows, disk string, err error) {
	files := artifact.Files()
	found, onDisks := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		if windows := windowsOfHive(file); windows != "" {
			found[windows] = true
			continue
		}
		for _, windows := range windowsBelow(file, depthOfFolders) {
			found[windows] = true
		}
		for _, disk := range disksIn(file) {
			onDisks[filepath.Clean(disk)] = true
		}
	}
	images, disks := slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(onDisks))
	switch {
	case len(files) == 0:
		return "", "", winerr.Errorf(winerr.InvalidParameter, "the artifact (%s) is empty: check the paths that the step before "+
			"names, since artifice leaves out what does not exist without a word; or give windows_path or image_path",
			artifact.BuilderId())
	case len(images) == 1:
		return images[0], "", nil
	case len(images) > 1:
		return "", "", winerr.Errorf(winerr.InvalidParameter, "the artifact holds %d Windows directories (%s), and one blob joins "+
			"one machine: choose with windows_path", len(images), plaintext.Line(strings.Join(images, ", "), 0))
	case len(disks) == 1:
		return "", disks[0], nil
	case len(disks) > 1:
		return "", "", winerr.Errorf(winerr.InvalidParameter, "the artifact holds %d disk images (%s), and one blob joins one "+
			"machine: choose with image_path", len(disks), plaintext.Line(strings.Join(disks, ", "), 0))
	}
	return "", "", winerr.Errorf(winerr.InvalidParameter, "the artifact (%s, %d files) holds no Windows directory "+
		"and no disk image: give windows_path or image_path, or put this post-processor behind one whose artifact is the image's tree",
		artifact.BuilderId(), len(files))
}

// depthOfFolders is how many folders below one of an artifact are looked into: a builder of Hyper-V lists a folder with
// "Virtual Hard Disks" in it.
const depthOfFolders = 2

// disksIn returns the disks that a path of an artifact is, or holds when it is a folder. It follows no link in a folder, and
// takes no installation medium there for the image.
func disksIn(file string) []string {
	if info, err := os.Stat(file); err != nil || !info.IsDir() {
		if isDisk(file) && !isExtent(file) {
			return []string{file}
		}
		return nil
	}
	return disksBelow(file, depthOfFolders)
}

func disksBelow(dir string, depth int) (found []string) {
	entries, err := os.ReadDir(dir)
	if err != nil || hasHives(dir, entries) {
		return nil
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		medium := slices.Contains([]string{".iso", ".wim"}, strings.ToLower(filepath.Ext(name)))
		switch {
		case e.IsDir() && depth > 0:
			found = append(found, disksBelow(name, depth-1)...)
		case e.Type().IsRegular() && !medium && isDisk(name) && !isExtent(name):
			found = append(found, name)
		}
	}
	return found
}

// windowsOfHive returns the Windows directory that a SYSTEM hive belongs to, and "" for any other file.
func windowsOfHive(file string) string {
	dir := filepath.Clean(file)
	for _, name := range []string{"SYSTEM", "config", "System32"} {
		if !strings.EqualFold(filepath.Base(dir), name) {
			return ""
		}
		dir = filepath.Dir(dir)
	}
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return dir
}

// windowsBelow returns the Windows directories that a directory is or holds, down to some depth. It follows no link.
func windowsBelow(dir string, depth int) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	if hasHives(dir, entries) {
		return []string{filepath.Clean(dir)}
	}
	var found []string
	for _, e := range entries {
		if e.IsDir() && depth > 0 {
			found = append(found, windowsBelow(filepath.Join(dir, e.Name()), depth-1)...)
		}
	}
	return found
}

// hasHives reports whether a directory has a System32\config with a SYSTEM hive in it.
func hasHives(dir string, entries []os.DirEntry) bool {
	for _, want := range []string{"System32", "config", "SYSTEM"} {
		at := slices.IndexFunc(entries, func(e os.DirEntry) bool { return strings.EqualFold(e.Name(), want) })
		if at < 0 {
			return false
		}
		if want == "SYSTEM" {
			return entries[at].Type().IsRegular()
		}
		dir = filepath.Join(dir, entries[at].Name())
		if !entries[at].IsDir() {
			return false
		}
		var err error
		if entries, err = os.ReadDir(dir); err != nil {
			return false
		}
	}
	return false
}

// isExtent reports whether a file has, by its name, the data of a disk whose descriptor is another file, as VMware names
// them: web01-flat.vmdk, web01-s001.vmdk.
func isExtent(file string) bool {
	return regexp.MustCompile(`(?i)-(flat|[sf][0-9]{3})\.vmdk$`).MatchString(file)
}

// diskArtifact is a new disk that was made from one of another artifact.
type diskArtifact struct {
	from packersdk.Artifact
	path string
}

// BuilderId tells other post-processors what made the artifact.
func (*diskArtifact) BuilderId() string { return "offlinejoin.post-processor.disk" }

// Files is the new disk. An overlay stands on a file of the artifact that it was made from.
func (a *diskArtifact) Files() []string { return []string{a.path} }

// Id is the path of the new disk.
func (a *diskArtifact) Id() string { return a.path }

func (a *diskArtifact) String() string {
	return "a disk with a staged join: " + plaintext.Line(a.path, 0)
}

// State is that of the artifact that the disk was made from: the data of the build for other post-processors.
func (a *diskArtifact) State(name string) any { return a.from.State(name) }

// Destroy removes the new disk.
func (a *diskArtifact) Destroy() error { return os.Remove(a.path) }

// isDisk reports whether a file is a disk image: by its first bytes, or by its name where there are none. A block device
// is a disk, too.
func isDisk(file string) bool {
	if info, err := os.Stat(file); err == nil && info.Mode()&(os.ModeDevice|os.ModeCharDevice) == os.ModeDevice {
		return true
	}
	switch strings.ToLower(filepath.Ext(file)) {
	case ".raw", ".img", ".dd", ".vhd", ".vhdx", ".vmdk", ".vdi", ".qcow2", ".wim", ".iso":
		return true
	}
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close() // only read
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil {
		return false
	}
	for _, magic := range []string{"QFI\xfb", "vhdxfile", "KDMV", "conectix", "MSWIM\x00\x00\x00"} {
		if bytes.HasPrefix(head[:n], []byte(magic)) {
			return true
		}
	}
	return head[510] == 0x55 && head[511] == 0xAA // a master boot record, as qemu's images without extension have
}
