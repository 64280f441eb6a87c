package guest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
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
}

var _ remotedir.Machine = (*posix)(nil)

// The exit codes by which the scripts tell what they found.
const (
	exitLink    = 40
	exitNone    = 41
	exitKind    = 42
	exitExists  = 43
	exitNewline = 44
	exitDiffers = 45
	exitTool    = 46
	exitRunning = 47
)

const probeScript = `
for tool in dd find head stat sync; do
	command -v $tool >/dev/null 2>&1 || { echo $tool >&2; exit 46; }
done
case $(uname -s 2>/dev/null) in CYGWIN*|MINGW*|MSYS*)
	mine=$(cygpath -u "${SYSTEMROOT:-$SystemRoot}" | tr A-Z a-z)
	meant=$(cygpath -u "$1" | tr A-Z a-z)
	[ "$mine" = "$meant" ] && exit 47 ;;
esac
for sum in sha256sum "shasum -a 256" "openssl dgst -sha256 -r"; do
	[ "$(printf '' | $sum 2>/dev/null | head -c 8)" = e3b0c442 ] && { echo "$sum"; exit 0; }
done
echo sha256sum >&2
exit 46
`

func openPosix(ctx context.Context, comm packersdk.Communicator, windowsPath string) (remotedir.Machine, error) {
	p := &posix{comm: comm}
	told, err := p.run(ctx, nil, maxTold, probeScript, windowsPath)
	if err != nil {
		return nil, noGuest(err)
	}
	switch told.code {
	case 0:
		p.sum = strings.TrimSpace(string(told.stdout))
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
	return p, p.carries(ctx)
}

// carries makes sure that bytes reach the guest and come back as they are. A terminal in between changes them.
func (p *posix) carries(ctx context.Context) error {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	told, err := p.run(ctx, all, maxTold, "cat")
	if err != nil {
		return noGuest(err)
	}
	if !bytes.Equal(told.stdout, all) {
		return winerr.Errorf(winerr.NotSupported, "the communicator changes the bytes that it carries: leave ssh_pty out")
	}
	return nil
}

// run runs a script with arguments.
func (p *posix) run(ctx context.Context, stdin []byte, limit int64, script string, args ...string) (result, error) {
	command := "sh -c " + quote("LC_ALL=C; export LC_ALL; umask 077; "+script) + " sh"
	for _, a := range args {
		command += " " + quote(a)
	}
	return run(ctx, p.comm, command, stdin, limit)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// do is run for what either works or does not.
func (p *posix) do(ctx context.Context, stdin []byte, script string, args ...string) (string, error) {
	told, err := p.run(ctx, stdin, maxTold, script, args...)
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

const listScript = `
[ -L "$1" ] && exit 40
[ -e "$1" ] || exit 41
[ -d "$1" ] || exit 42
odd=$(find "$1" -mindepth 1 -maxdepth 1 -name '*
*') || exit
[ -z "$odd" ] || exit 44
find "$1" -mindepth 1 -maxdepth 1 -exec stat -c '%f %s %h %n' {} +
`

// List implements remotedir.Machine.
func (p *posix) List(ctx context.Context, dir string) ([]remotedir.Entry, error) {
	out, err := p.do(ctx, nil, listScript, dir)
	if err != nil {
		return nil, err
	}
	var entries []remotedir.Entry
	for line := range strings.Lines(out) {
		e, err := parseEntry(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// parseEntry reads "MODE-IN-HEX SIZE LINKS PATH".
func parseEntry(line string) (remotedir.Entry, error) {
	fields := strings.SplitN(line, " ", 4)
	if len(fields) != 4 {
		return remotedir.Entry{}, fmt.Errorf("the guest describes a file in words that are not known: %q", printable(line))
	}
	mode, err1 := strconv.ParseUint(fields[0], 16, 32)
	size, err2 := strconv.ParseInt(fields[1], 10, 64)
	links, err3 := strconv.Atoi(fields[2])
	if err := errors.Join(err1, err2, err3); err != nil {
		return remotedir.Entry{}, fmt.Errorf("the guest describes a file in words that are not known: %q", printable(line))
	}
	return remotedir.Entry{Name: path.Base(fields[3]), Mode: fileType(mode), Size: size, Links: links}, nil
}

// fileType turns the type bits of POSIX (sys/stat.h) into Go's.
func fileType(mode uint64) fs.FileMode {
	switch mode & 0o170000 {
	case 0o100000:
		return 0
	case 0o040000:
		return fs.ModeDir
	case 0o120000:
		return fs.ModeSymlink
	case 0o010000:
		return fs.ModeNamedPipe
	case 0o140000:
		return fs.ModeSocket
	case 0o060000, 0o020000:
		return fs.ModeDevice
	}
	return fs.ModeIrregular
}

const regular = `
[ -L "$1" ] && exit 40
[ -e "$1" ] || exit 41
[ -f "$1" ] || exit 42
`

// Fetch implements remotedir.Machine.
func (p *posix) Fetch(ctx context.Context, name string, limit int64) ([]byte, error) {
	told, err := p.run(ctx, nil, limit, regular+`head -c "$2" "$1"`, name, strconv.FormatInt(limit+1, 10))
	if err != nil {
		return nil, err
	}
	return told.stdout, told.failed()
}

// Digests implements remotedir.Machine.
func (p *posix) Digests(ctx context.Context, paths []string) ([]string, error) {
	script := `for f; do [ -f "$f" ] && [ ! -L "$f" ] && ` + p.sum + ` <"$f" || echo -; done`
	out, err := p.do(ctx, nil, script, paths...)
	if err != nil {
		return nil, err
	}
	var sums []string
	for line := range strings.Lines(out) {
		hexSum, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if len(hexSum) != 2*sha256.Size {
			hexSum = ""
		}
		sums = append(sums, hexSum)
	}
	return sums, nil
}

// Create implements remotedir.Machine. With -C the shell opens with O_EXCL.
func (p *posix) Create(ctx context.Context, name string) error {
	_, err := p.do(ctx, nil, `{ [ -e "$1" ] || [ -L "$1" ]; } && exit 43; set -C; : >"$1"`, name)
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

// writeScript writes standard input at block $2 of file $1, waits for the disk, and reads back the $3 bytes there. The
// caller compares their digest.
const writeScript = regular + `
dd of="$1" bs=512 seek="$2" conv=notrunc,fsync || exit
dd if="$1" bs=512 skip="$2" 2>/dev/null | head -c "$3" | `

// sizeScript gives file $1 the size $2.
const sizeScript = regular + `
dd if=/dev/null of="$1" bs=1 seek="$2" count=0 && dd if=/dev/null of="$1" bs=512 count=0 conv=notrunc,fsync`

// Write implements remotedir.Machine.
func (p *posix) Write(ctx context.Context, name string, pieces []remotedir.Piece, size int64) error {
	const block = 512
	for _, piece := range pieces {
		if piece.Offset%block != 0 {
			return fmt.Errorf("offset %d is no multiple of %d", piece.Offset, block)
		}
		out, err := p.do(ctx, piece.Data, writeScript+p.sum, name,
			strconv.FormatInt(piece.Offset/block, 10), strconv.Itoa(len(piece.Data)))
		if err != nil {
			return err
		}
		want := sha256.Sum256(piece.Data)
		if !strings.HasPrefix(out, hex.EncodeToString(want[:])) {
			return result{code: exitDiffers}.failed()
		}
	}
	if size < 0 {
		return nil
	}
	_, err := p.do(ctx, nil, sizeScript, name, strconv.FormatInt(size, 10))
	return err
}

// Copy implements remotedir.Machine.
func (p *posix) Copy(ctx context.Context, from, to string) error {
	_, err := p.do(ctx, nil, regular+`
rm -f "$2" && { set -C; cat "$1" >"$2"; } && dd if=/dev/null of="$2" bs=512 count=0 conv=notrunc,fsync`, from, to)
	return err
}

// Rename implements remotedir.Machine.
func (p *posix) Rename(ctx context.Context, from, to string) error {
	_, err := p.do(ctx, nil, regular+`[ -d "$2" ] && exit 42; mv -f "$1" "$2"`, from, to)
	return err
}

// Remove implements remotedir.Machine.
func (p *posix) Remove(ctx context.Context, paths ...string) error {
	_, err := p.do(ctx, nil, `rm -f "$@"`, paths...)
	return err
}

// SyncDir implements remotedir.Machine. Old versions of sync take no argument and wait for everything.
func (p *posix) SyncDir(ctx context.Context, dir string) error {
	_, err := p.do(ctx, nil, `sync "$1" 2>/dev/null || sync`, dir)
	return err
}
