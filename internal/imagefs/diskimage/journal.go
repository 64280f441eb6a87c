package diskimage

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// journalPlace is where the journal of an image is, and what it says of the image that it belongs to.
type journalPlace struct {
	path     string // "": nowhere
	identity []byte // nil: that of the file beside it
}

// virtualDisk is the identity in journals that have places of the virtual disk, and not of the file: of images that qemu-nbd
// changes.
const virtualDisk = "virtual disk through qemu-nbd"

// name is that of the journal in its folder.
func (p journalPlace) name() string { return filepath.Base(p.path) }

// openFolder opens the folder of the journal.
func (p journalPlace) openFolder() (*undojournal.OSFolder, error) {
	return undojournal.OpenFolder(filepath.Dir(p.path))
}

// journalOf returns the place of the journal of a file that is open. It lies beside the file itself, and not beside a symbolic
// link by which it is reached, so that all who open the file find it. That of a block device lies in journal_dir, and is
// called by what the system calls the device at every start; without journal_dir it is nowhere.
func (s *Session) journalOf(path string, f *os.File) (journalPlace, error) {
	info, err := f.Stat()
	if err != nil {
		return journalPlace{}, err
	}
	if info.Mode().IsRegular() {
		journal, err := journalBeside(path)
		return journalPlace{path: journal}, err
	}
	if s.at.JournalDir == "" {
		return journalPlace{}, nil
	}
	identity := deviceIdentity(path, info)
	sum := sha256.Sum256([]byte(identity))
	name := "device-" + hex.EncodeToString(sum[:8]) + undojournal.Suffix
	return journalPlace{filepath.Join(s.at.JournalDir, name), []byte(identity)}, nil
}

// journalBeside returns the path of the journal of a regular file, by whatever link it is reached.
func journalBeside(path string) (string, error) {
	file, err := filepath.EvalSymlinks(path)
	return file + undojournal.Suffix, err
}

// checkJournalDir refuses a folder in which the journal of a device would not do its work: one that is not there, is in
// memory, or lets others put a journal of theirs into it, by which the device would be changed.
func checkJournalDir(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return imagefs.Wrap(imagefs.OpOpen, dir, imagefs.FromSystem(err))
	}
	if !info.IsDir() {
		return imagefs.Irregular(dir, info.Mode(), "a directory")
	}
	shown := plaintext.Line(dir, 0)
	if inMemory(dir) {
		return winerr.Errorf(winerr.NotSupported, "journal_dir %s is in memory, and a journal has to outlast a loss of power: name a "+
			"folder on a disk, such as one below /var/lib", shown)
	}
	e, known, err := imagefs.PathExposure(dir)
	if err == nil && known && e.Write {
		return winerr.Errorf(winerr.AccessDenied, "others on this machine can change %s (mode %04o), and could put a journal of theirs "+
			"into journal_dir: name a folder of mode 0700", plaintext.Line(e.Path, 0), e.Mode.Perm())
	}
	return err
}

// followed returns the absolute path without symbolic links, as far as that can be found.
func followed(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	return path
}
