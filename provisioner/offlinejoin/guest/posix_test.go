package guest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/provisioner/offlinejoin/guest"
)

// machine opens this machine as a guest, with a folder whose name needs quoting.
func machine(t *testing.T) (m remotedir.Machine, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), `it's a $(touch x) "tree"`)
	must(t, os.Mkdir(dir, 0o755))
	m, err := guest.Open(t.Context(), &shell{}, dir)
	must(t, err)
	return m, dir
}

func piece(at int64, data []byte) remotedir.Piece { return remotedir.Piece{Offset: at, Data: data} }

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func TestPosixListsWhatIsThere(t *testing.T) {
	t.Parallel()
	m, dir := machine(t)
	must(t, os.WriteFile(filepath.Join(dir, "a b"), []byte("12345"), 0o600))
	must(t, os.Link(filepath.Join(dir, "a b"), filepath.Join(dir, ".hard")))
	must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	must(t, os.Symlink("a b", filepath.Join(dir, "link")))
	got, err := m.List(t.Context(), dir)
	must(t, err)
	slices.SortFunc(got, func(a, b remotedir.Entry) int { return strings.Compare(a.Name, b.Name) })
	want := []remotedir.Entry{{Name: ".hard", Size: 5, Links: 2}, {Name: "a b", Size: 5, Links: 2}}
	if !slices.Equal(got[:2], want) || got[2].Mode != fs.ModeSymlink || got[3].Mode != fs.ModeDir {
		t.Errorf("listed %+v", got)
	}
	if _, err := m.List(t.Context(), m.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
	for _, other := range []string{"link", "a b"} {
		if _, err := m.List(t.Context(), m.Join(dir, other)); err == nil {
			t.Errorf("%s was listed as a directory", other)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "x\n81a4 5 1 SYSTEM"), nil, 0o600))
	if _, err := m.List(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "line break") {
		t.Errorf("a name that forges another: %v", err)
	}
}

func TestPosixWritesPiecesAndNothingElse(t *testing.T) {
	t.Parallel()
	m, dir := machine(t)
	name := m.Join(dir, "SYSTEM")
	content := bytes.Repeat([]byte("0123456789abcdef"), 1024)
	must(t, os.WriteFile(name, content, 0o640))
	before, err := os.Stat(name)
	must(t, err)
	first, last := bytes.Repeat([]byte{0, 255, '\n', '\r'}, 1024), []byte("the end")
	must(t, m.Write(t.Context(), name, []remotedir.Piece{piece(4096, first), piece(16384, last)}, -1))
	copy(content[4096:], first)
	content = append(content, last...)
	got, err := m.Fetch(t.Context(), name, 1<<20)
	must(t, err)
	if !bytes.Equal(got, content) {
		t.Error("the file holds something else than what was written")
	}
	after, err := os.Stat(name)
	must(t, err)
	if !os.SameFile(before, after) || after.Mode() != before.Mode() {
		t.Error("the file was exchanged")
	}
	must(t, m.Write(t.Context(), name, nil, 100))
	sums, err := m.Digests(t.Context(), []string{name, m.Join(dir, "none")})
	must(t, err)
	if want := []string{sum(content[:100]), ""}; !slices.Equal(sums, want) {
		t.Errorf("digests %q, want %q", sums, want)
	}
	head, err := m.(remotedir.HeadFetcher).FetchHead(t.Context(), name, 4)
	if err != nil || string(head) != string(content[:4]) {
		t.Errorf("head %q, %v", head, err)
	}
	if _, err := m.Fetch(t.Context(), name, 99); err == nil {
		t.Error("a file larger than asked for was fetched")
	}
	if err := m.Write(t.Context(), m.Join(dir, "none"), []remotedir.Piece{piece(0, last)}, -1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("writing into no file: %v", err)
	}
}

func TestPosixNeverFollowsALink(t *testing.T) {
	t.Parallel()
	m, dir := machine(t)
	outside := filepath.Join(t.TempDir(), "outside")
	must(t, os.WriteFile(outside, []byte("mine"), 0o600))
	link := m.Join(dir, "SYSTEM")
	must(t, os.Symlink(outside, link))
	file := m.Join(dir, "file")
	must(t, os.WriteFile(file, []byte("new"), 0o600))
	ctx := t.Context()
	for what, err := range map[string]error{
		"write":  m.Write(ctx, link, []remotedir.Piece{piece(0, []byte("x"))}, -1),
		"size":   m.Write(ctx, link, nil, 0),
		"create": m.Create(ctx, link),
		"copy":   m.Copy(ctx, link, m.Join(dir, "copy")),
		"fetch":  second(m.Fetch(ctx, link, 100)),
	} {
		if err == nil {
			t.Errorf("%s went through a link", what)
		}
	}
	must(t, m.Copy(ctx, file, link)) // in place of the link, not through it
	if got, err := os.ReadFile(outside); err != nil || string(got) != "mine" {
		t.Errorf("the file outside holds %q, %v", got, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestPosixNames(t *testing.T) {
	t.Parallel()
	m, dir := machine(t)
	ctx := t.Context()
	a, b := m.Join(dir, "a"), m.Join(dir, "b")
	must(t, m.Create(ctx, a))
	info, err := os.Stat(a)
	must(t, err)
	if info.Mode().Perm() != 0o600 || info.Size() != 0 {
		t.Errorf("created %v", info.Mode())
	}
	if err := m.Create(ctx, a); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating what is there: %v", err)
	}
	must(t, os.WriteFile(b, []byte("old"), 0o600))
	must(t, m.Rename(ctx, a, b))
	must(t, m.SyncDir(ctx, dir))
	if got, err := os.ReadFile(b); err != nil || len(got) != 0 {
		t.Errorf("after the rename b holds %q, %v", got, err)
	}
	must(t, m.Mkdir(ctx, a))
	if err := m.Mkdir(ctx, a); !errors.Is(err, fs.ErrExist) {
		t.Errorf("making a directory that is there: %v", err)
	}
	must(t, m.RemoveDir(ctx, a))
	must(t, m.Remove(ctx, a, b))
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		comm packersdk.Communicator
		path string
		want string
	}{
		"no communicator":   {nil, "/mnt/Windows", "use a builder with a communicator"},
		"a broken one":      {&shell{breaks: 1}, "/mnt/Windows", "the connection to the guest was lost"},
		"no shell":          {&shell{name: "true"}, "/mnt/Windows", "answers to no command"},
		"a relative path":   {&shell{}, "mnt/Windows", "is no absolute path of the guest"},
		"a path of Windows": {&shell{}, `D:\Windows`, "is no absolute path of the guest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := guest.Open(t.Context(), c.comm, c.path)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestOpenObeysItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := guest.Open(ctx, &shell{}, "/mnt/Windows"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if code, ok := winerr.CodeOf(second(guest.Open(ctx, nil, ""))); !ok || code != winerr.NotSupported {
		t.Errorf("code %v", code)
	}
}

// A file that may hold a secret is overwritten in its place before it goes: another name for it shows the zeros.
func TestScrubOverwritesBeforeItRemoves(t *testing.T) {
	t.Parallel()
	m, dir := machine(t)
	name, other := filepath.Join(dir, "SYSTEM.odjbackup"), filepath.Join(dir, "kept")
	secret := bytes.Repeat([]byte("secret"), 20000)
	must(t, os.WriteFile(name, secret, 0o600))
	must(t, os.Link(name, other))
	must(t, m.Scrub(t.Context(), name, filepath.Join(dir, "none")))
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	left, err := os.ReadFile(other)
	if err != nil || bytes.Contains(left, []byte("secret")) || len(left) < len(secret) {
		t.Errorf("%d bytes are left, with the secret: %v, %v", len(left), bytes.Contains(left, []byte("secret")), err)
	}
}

// What has the name of a file that is scrubbed may be an enemy's, and have no end: it is overwritten as far as a file of ours could
// reach, and no further. The guest's dd is not let near the disk, and says how much it was told to write.
func TestScrubHasAnEnd(t *testing.T) {
	t.Parallel()
	bin, dir := t.TempDir(), t.TempDir()
	log := filepath.Join(bin, "log")
	dd, err := exec.LookPath("dd")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(bin, "dd"), fmt.Appendf(nil,
		"#!/bin/sh\ncase \"$*\" in *if=/dev/zero*) echo \"$*\" >>%s ;; *) exec %s \"$@\" ;; esac\n", log, dd), 0o755))
	m, err := guest.Open(t.Context(), &shell{prefix: "PATH=" + bin + ":$PATH; export PATH; "}, dir)
	must(t, err)
	const block = 65536
	name := filepath.Join(dir, "SYSTEM"+remotedir.BackupSuffix)
	scrub := func(paths ...string) error { return m.Scrub(t.Context(), paths...) }
	inBatch := func(paths ...string) error {
		_, err := m.(remotedir.Batcher).Batch(t.Context(), []remotedir.Step{{Kind: remotedir.Scrub, Paths: paths}})
		return err
	}
	for size, blocks := range map[int64]int64{
		0: 0, 1: 1, block: 1, block + 1: 2, remotedir.MaxScrub: remotedir.MaxScrub / block, remotedir.MaxScrub + 1: remotedir.MaxScrub / block,
		1 << 40: remotedir.MaxScrub / block,
	} {
		for how, scrub := range map[string]func(...string) error{"alone": scrub, "in a batch": inBatch} {
			must(t, os.WriteFile(name, nil, 0o600))
			must(t, os.Truncate(name, size))
			must(t, os.WriteFile(log, nil, 0o600))
			must(t, scrub(name))
			said, err := os.ReadFile(log)
			must(t, err)
			if want := fmt.Sprintf("count=%d ", blocks); strings.Count(string(said), "of="+name) != 1 || !strings.Contains(string(said), want) {
				t.Errorf("%d bytes, %s: dd was run as %q, want %s", size, how, said, want)
			}
			if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%d bytes, %s: it is left: %v", size, how, err)
			}
		}
	}
}
