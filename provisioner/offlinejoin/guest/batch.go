package guest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
)

var (
	_ remotedir.Batcher  = (*posix)(nil)
	_ remotedir.Gatherer = (*posix)(nil)
)

// maxCommand bounds one command line in bytes: Linux takes no argument of more than 128 KiB (MAX_ARG_STRLEN), and what a
// login shell gets is one, with each quote made longer by quoting it again.
const maxCommand = 48 << 10

// maxStream bounds what one stream carries in bytes.
const maxStream = 64 << 20

// Batch implements remotedir.Batcher: one command for all steps, or as few as its length allows.
func (p *posix) Batch(ctx context.Context, steps []remotedir.Step) (done int, err error) {
	for done < len(steps) {
		stream, n, err := p.streamOf(steps[done:])
		if err != nil {
			return done, err
		}
		told, err := p.run(ctx, stream.data.Bytes(), maxTold, functions()+stream.script.String())
		clear(stream.data.Bytes())
		if err != nil {
			return done, err
		}
		did := strings.Count(string(told.stdout), doneLine)
		if err := told.failed(); err != nil {
			return done + min(did, n-1), err
		}
		if did != n {
			return done + min(did, n), errors.New("the guest did not report what it has done")
		}
		done += n
	}
	return done, nil
}

// doneLine is what the guest prints after each step.
const doneLine = "offlinejoin did a step\n"

// stream is a command with what it reads on standard input.
type stream struct {
	script strings.Builder
	data   bytes.Buffer
}

// streamOf takes as many of the first steps as one command has room for, and at least one.
func (p *posix) streamOf(steps []remotedir.Step) (s stream, n int, err error) {
	for _, step := range steps {
		lines, data, err := posixStep(step)
		if err != nil {
			return s, n, err
		}
		if n > 0 && (s.script.Len()+len(lines) > maxCommand || s.data.Len()+len(data) > maxStream) {
			break
		}
		s.script.WriteString(lines + "printf '%s\\n' " + quote(strings.TrimSuffix(doneLine, "\n")) + "\n")
		s.data.Write(data)
		n++
	}
	return s, n, nil
}

// functions are the scripts as functions of a shell. Each runs in a shell of its own, which an exit ends.
func functions() string {
	var b strings.Builder
	for _, f := range [...][]string{
		{"expect"},
		{"create"},
		{"regular", "pieces"},
		{"regular", "size"},
		{"regular", "copy"},
		{"regular", "rename"},
		{"scrub"},
		{"sync"},
	} {
		files := make([]string, len(f))
		for i, name := range f {
			files[i] = "posix/" + name + ".sh"
		}
		fmt.Fprintf(&b, "odj_%s() (\n%s\n)\n", f[len(f)-1], script(files...))
	}
	return b.String()
}

// posixStep returns a step as lines of a shell, each of which ends the script when it fails, and what they read.
func posixStep(s remotedir.Step) (lines string, data []byte, err error) {
	call := func(command string, args ...string) string {
		for _, a := range args {
			command += " " + quote(a)
		}
		return command + " || exit\n"
	}
	switch s.Kind {
	case remotedir.Expect:
		var want strings.Builder
		for _, digest := range s.Digests {
			if digest == "" {
				digest = "-"
			}
			want.WriteString(digest + " ")
		}
		return call("odj_expect", append([]string{want.String()}, s.Paths...)...), nil, nil
	case remotedir.Create:
		return call("odj_create", s.Path), nil, nil
	case remotedir.Mkdir:
		return call("mkdir", s.Path), nil, nil
	case remotedir.RemoveDir:
		return call("rmdir", s.Path), nil, nil
	case remotedir.Copy:
		return call("odj_copy", s.Path, s.To), nil, nil
	case remotedir.Rename:
		return call("odj_rename", s.Path, s.To), nil, nil
	case remotedir.Link:
		return call("ln", s.Path, s.To), nil, nil
	case remotedir.Remove:
		return call("rm -f", s.Paths...), nil, nil
	case remotedir.Scrub:
		return call("odj_scrub", s.Paths...), nil, nil
	case remotedir.SyncDir:
		return call("odj_sync", s.Path), nil, nil
	case remotedir.Write:
		return posixWrite(s, call)
	}
	return "", nil, fmt.Errorf("there is no step of kind %d", s.Kind)
}

// posixWrite is a step that writes the pieces of one phase, in as many calls as their arguments need.
func posixWrite(s remotedir.Step, call func(string, ...string) string) (lines string, data []byte, err error) {
	const block, most = 4096, 500
	for some := range slices.Chunk(s.Pieces, most) {
		args := []string{s.Path, ""}
		sum := sha256.New()
		for _, piece := range some {
			if piece.Offset%block != 0 {
				return "", nil, fmt.Errorf("offset %d is no multiple of %d", piece.Offset, block)
			}
			args = append(args, strconv.FormatInt(piece.Offset/block, 10), strconv.Itoa(len(piece.Data)))
			sum.Write(piece.Data)
			data = append(data, piece.Data...)
		}
		args[1] = hex.EncodeToString(sum.Sum(nil))
		lines += call("odj_pieces", args...)
	}
	if s.Size >= 0 {
		lines += call("odj_size", s.Path, strconv.FormatInt(s.Size, 10))
	}
	return lines, data, nil
}

// ListAll implements remotedir.Gatherer.
func (p *posix) ListAll(ctx context.Context, dirs []remotedir.Below) ([]remotedir.Listing, error) {
	var args []string
	for _, d := range dirs {
		args = append(args, d.Root, anyCase(d.Name))
	}
	out, err := p.do(ctx, nil, script("posix/lists.sh"), args...)
	if err != nil {
		return nil, err
	}
	return parsePosixLists(out)
}

// FetchAll implements remotedir.Gatherer.
func (p *posix) FetchAll(ctx context.Context, paths []string, limit int64) ([][]byte, error) {
	const line = 32 // the length of each
	told, err := p.run(ctx, nil, limit+line*int64(len(paths)), script("posix/fetches.sh"), paths...)
	if err != nil {
		return nil, err
	}
	if err := told.failed(); err != nil {
		return nil, err
	}
	return parsePosixFetches(told.stdout, len(paths))
}

// anyCase is a pattern of a shell that a name matches whatever the case of its ASCII letters.
func anyCase(name string) string {
	var b strings.Builder
	for _, r := range name {
		lower, upper := strings.ToLower(string(r)), strings.ToUpper(string(r))
		switch {
		case r < 0x80 && lower != upper:
			b.WriteString("[" + lower + upper + "]")
		case strings.ContainsRune(`*?[\`, r):
			b.WriteString(`\` + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
