package guest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// posix is a guest with a POSIX shell.
type posix struct {
	comm packersdk.Communicator
	sum  string // the command that prints the SHA-256 of its standard input
	full string // the option of dd that makes it wait for full blocks
}

var _ remotedir.Machine = (*posix)(nil)

// sumCommands compute a SHA-256 of their standard input; the first that the guest has is used.
var sumCommands = [...]string{"sha256sum", "shasum -a 256", "openssl dgst -sha256 -r"}

func openPosix(ctx context.Context, comm packersdk.Communicator, windowsPath string) (remotedir.Machine, error) {
	p := &posix{comm: comm}
	told, err := probe(ctx, func(ctx context.Context) (result, error) {
		return p.run(ctx, allBytes(), maxTold, script("posix/probe.sh"), append([]string{windowsPath}, sumCommands[:]...)...)
	})
	if err != nil {
		return nil, noGuest(err)
	}
	var echoed []byte
	switch told.code {
	case 0:
		lines := bytes.SplitN(told.stdout, []byte("\n"), 3)
		if len(lines) != 3 || !slices.Contains(sumCommands[:], string(lines[0])) ||
			!slices.Contains([]string{"iflag=fullblock", "ibs=1"}, string(lines[1])) {
			return nil, noGuest(fmt.Errorf("it names no command for digests, but %q", oneLine(string(told.stdout))))
		}
		p.sum, p.full, echoed = string(lines[0]), string(lines[1]), lines[2]
	case exitTerminal, exitInterrupted, exitQuit, exitStopped:
		return nil, terminal()
	case exitRunning:
		return nil, Running(windowsPath)
	case exitTool:
		return nil, winerr.Errorf(winerr.NotSupported, "the guest has no %s: install it there, or mount the image on this "+
			"machine and leave remote out", told.stderr)
	default:
		return nil, noGuest(told.failed())
	}
	if !strings.HasPrefix(windowsPath, "/") {
		return nil, winerr.Errorf(winerr.InvalidParameter, "windows_path %s is no absolute path of the guest: give where the "+
			"image's Windows directory is mounted there, such as /mnt/web01/Windows", windowsPath)
	}
	if !bytes.Equal(echoed, allBytes()) {
		return nil, winerr.Errorf(winerr.NotSupported, "the communicator changes the bytes that it carries: leave ssh_pty out")
	}
	return p, nil
}

// How a shell ends when a terminal takes one of the bytes that it is sent for a key: Ctrl-C, Ctrl-\, Ctrl-Z ([POSIX] 2.8.2:
// more than 128). Whether that comes before the script has found the terminal by itself is chance.
const (
	exitInterrupted = 128 + 2
	exitQuit        = 128 + 3
	exitStopped     = 128 + 20
)

// allBytes are sent to the guest and must come back as they are.
func allBytes() []byte {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return all
}

// terminal is the refusal of a communicator that gives every command a terminal.
func terminal() error {
	return winerr.Errorf(winerr.NotSupported, "the communicator gives each command a terminal, which changes the bytes that "+
		"it carries and never ends its input: leave ssh_pty out of the source (or set ssh_pty = false)")
}

// run runs a script with arguments. $sum is the command that computes digests, $most bounds what is overwritten of a file.
func (p *posix) run(ctx context.Context, stdin []byte, limit int64, text string, args ...string) (result, error) {
	frame := "LC_ALL=C; export LC_ALL; umask 077; " + exitNames() + "sum=" + quote(p.sum) + " full=" + quote(p.full) + " most=" +
		strconv.FormatInt(remotedir.MaxScrub, 10) + "\n"
	command := "sh -c " + quote(frame+text) + " sh"
	for _, a := range args {
		command += " " + quote(a)
	}
	return run(ctx, p.comm, command, stdin, limit)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// do is run for what either works or does not.
func (p *posix) do(ctx context.Context, stdin []byte, text string, args ...string) (string, error) {
	told, err := p.run(ctx, stdin, maxTold, text, args...)
	if err != nil {
		return "", err
	}
	return string(told.stdout), told.failed()
}

// failed returns the error that a script's end means.
func (told result) failed() error {
	says := told.stderr
	switch {
	case told.code == 0:
		return nil
	case told.code == exitNone || strings.Contains(says, "No such file"):
		return fs.ErrNotExist
	case told.code == exitExists || strings.Contains(says, "File exists"):
		return fs.ErrExist
	case told.code == exitLink:
		return errors.New("it is a symbolic link")
	case told.code == exitKind:
		return errors.New("it is something else")
	case told.code == exitNewline:
		return errors.New("a name in it has a line break")
	case told.code == exitChanged:
		return remotedir.ErrDiffers
	case told.code == exitDiffers:
		return errors.New("the guest does not hold what was written to it")
	case strings.Contains(says, "Read-only file system"):
		return imagefs.ErrReadOnly
	case strings.Contains(says, "No space left"), strings.Contains(says, "quota exceeded"):
		return imagefs.ErrNoSpace
	case strings.Contains(says, "ermission denied"), strings.Contains(says, "not permitted"):
		return fs.ErrPermission
	}
	return fmt.Errorf("the guest's command ended with code %d: %s", told.code, says)
}

// Join implements remotedir.Machine.
func (p *posix) Join(dir, name string) string { return path.Join(dir, name) }

// Split implements remotedir.Machine.
func (p *posix) Split(name string) (dir, base string) {
	clean := path.Clean(name)
	if clean == "/" {
		return clean, ""
	}
	return path.Dir(clean), path.Base(clean)
}

// List implements remotedir.Machine.
func (p *posix) List(ctx context.Context, dir string) ([]remotedir.Entry, error) {
	out, err := p.do(ctx, nil, script("posix/list.sh"), dir)
	if err != nil {
		return nil, err
	}
	return parsePosixList(out)
}

// Fetch implements remotedir.Machine.
func (p *posix) Fetch(ctx context.Context, name string, limit int64) ([]byte, error) {
	told, err := p.run(ctx, nil, limit, script("posix/regular.sh", "posix/fetch.sh"), name,
		strconv.FormatInt(limit+1, 10))
	if err != nil {
		return nil, err
	}
	return told.stdout, told.failed()
}

// FetchHead implements remotedir.HeadFetcher.
func (p *posix) FetchHead(ctx context.Context, name string, n int) ([]byte, error) {
	told, err := p.run(ctx, nil, int64(n), script("posix/regular.sh", "posix/fetch.sh"), name, strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	return told.stdout, told.failed()
}

// Digests implements remotedir.Machine.
func (p *posix) Digests(ctx context.Context, paths []string) ([]string, error) {
	out, err := p.do(ctx, nil, script("posix/digests.sh"), paths...)
	if err != nil {
		return nil, err
	}
	return parsePosixDigests(out), nil
}

// Create implements remotedir.Machine.
func (p *posix) Create(ctx context.Context, name string) error {
	_, err := p.do(ctx, nil, script("posix/create.sh"), name)
	return err
}

// Mkdir implements remotedir.Machine.
func (p *posix) Mkdir(ctx context.Context, name string) error {
	_, err := p.do(ctx, nil, `mkdir "$1"`, name)
	return err
}

// RemoveDir implements remotedir.Machine.
func (p *posix) RemoveDir(ctx context.Context, name string) error {
	_, err := p.do(ctx, nil, `rmdir "$1"`, name)
	return err
}

// Write implements remotedir.Machine.
func (p *posix) Write(ctx context.Context, name string, pieces []remotedir.Piece, size int64) error {
	_, err := p.Batch(ctx, []remotedir.Step{{Kind: remotedir.Write, Path: name, Pieces: pieces, Size: size}})
	return err
}

// Copy implements remotedir.Machine.
func (p *posix) Copy(ctx context.Context, from, to string) error {
	_, err := p.do(ctx, nil, script("posix/regular.sh", "posix/copy.sh"), from, to)
	return err
}

// Rename implements remotedir.Machine.
func (p *posix) Rename(ctx context.Context, from, to string) error {
	_, err := p.do(ctx, nil, script("posix/regular.sh", "posix/rename.sh"), from, to)
	return err
}

// Remove implements remotedir.Machine.
func (p *posix) Remove(ctx context.Context, paths ...string) error {
	_, err := p.do(ctx, nil, `rm -f "$@"`, paths...)
	return err
}

// Scrub implements remotedir.Machine.
func (p *posix) Scrub(ctx context.Context, paths ...string) error {
	_, err := p.do(ctx, nil, script("posix/scrub.sh"), paths...)
	return err
}

// SyncDir implements remotedir.Machine.
func (p *posix) SyncDir(ctx context.Context, dir string) error {
	_, err := p.do(ctx, nil, script("posix/sync.sh"), dir)
	return err
}
