package nbd

import (
	"errors"
	"os/exec"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// ErrInUse is what [Start] returns when qemu's lock on the image is held by another program.
var ErrInUse = errors.New("the image is in use by another program")

// program is the engine's name. Debian and Ubuntu have it in qemu-utils, Fedora and Red Hat in qemu-img.
const program = "qemu-nbd"

// Find returns the path of qemu-nbd. Without it the error is a *[container.Refused] that names the package.
func Find() (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", &container.Refused{
			Kind: container.Unsupported,
			Detail: "this needs qemu-nbd, which is not installed: install qemu-utils (Debian, Ubuntu) or qemu-img " +
				"(Fedora, Red Hat)",
		}
	}
	return path, nil
}

// Options are what to open.
type Options struct {
	Path   string // of the image
	Format container.Format
	Change bool // also to write

	// Below are the files that a qcow2 image stands on, from the top down, and DataFile the one that holds its data: qemu-nbd
	// opens these, whatever the image names.
	Below    []Layer
	DataFile string
}

// Layer is a file of a chain.
type Layer struct {
	Path   string
	Format container.Format
}

// Disk is the virtual disk of an image that qemu-nbd has open. Its methods may be called from several goroutines at once.
type Disk struct {
	*client
	process *process
}

var _ container.Disk = (*Disk)(nil)

// Size returns the size of the virtual disk in bytes.
func (d *Disk) Size() int64 { return d.size }

// ReadAt implements [io.ReaderAt].
func (d *Disk) ReadAt(p []byte, off int64) (int, error) { return d.readAt(p, off) }

// WriteAt implements [io.WriterAt]. Nothing is durable before Sync.
func (d *Disk) WriteAt(p []byte, off int64) (int, error) { return d.writeAt(p, off) }

// Detach makes qemu-nbd outlive the context of [Start]: it ends with Close, or with this program.
func (d *Disk) Detach() { d.process.detach() }

// Sync returns when everything written is durable, in the image file and in its tables.
func (d *Disk) Sync() error { return d.flush() }

// Close ends qemu-nbd and waits for it. It returns an error when qemu-nbd did not end well: what was not flushed may be
// lost.
func (d *Disk) Close() error {
	end := d.request(commandEnd, 0, 0, nil, nil)
	if err := d.process.end(); err != nil {
		return err
	}
	return end
}

// Fixed is a Disk as a file of fixed size, which a journal can change.
type Fixed struct{ *Disk }

// Size returns the size of the virtual disk in bytes.
func (f Fixed) Size() (int64, error) { return f.Disk.Size(), nil }

// Truncate refuses every other size than the present one.
func (f Fixed) Truncate(size int64) error {
	if size != f.Disk.Size() {
		return errors.New("a virtual disk cannot change its size")
	}
	return nil
}
