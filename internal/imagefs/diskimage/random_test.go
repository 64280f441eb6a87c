package diskimage_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// TestRandomVisits makes, changes, renames and removes files by chance, several of each in one visit and the same ones again, in every
// container, through its journal. Some of what they held is a secret that no journal may keep. After each visit another one finds what a
// model of the files says.
func TestRandomVisits(t *testing.T) {
	t.Parallel()
	visits := 6
	if long() {
		visits = 60
	}
	raw := inMBR(t, volume(t, sample.Image{}))
	for i, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			image := convert(t, raw, kind.format, kind.args)
			before := volumeOf(t, rawOf(t, image, qemuFormat(kind.format)))
			v := visitor{r: rand.New(rand.NewPCG(uint64(i), seed(t))), files: map[string][]byte{}}
			for n := range visits {
				change(t, image, func(s imagefs.Session) error { return v.visit(s.(*diskimage.Session)) })
				if err := v.compare(t, image); err != nil {
					t.Fatalf("visit %d: %v: %v", n+1, v.log, err)
				}
			}
			judge(t, image, qemuFormat(kind.format), before)
		})
	}
}

// visitor changes files of a folder, and knows what they hold.
type visitor struct {
	r     *rand.Rand
	files map[string][]byte
	log   []string // of the last visit
}

const randomFolder = "Windows/debug"

func (v *visitor) visit(s *diskimage.Session) error {
	v.log = nil
	for range 1 + v.r.IntN(25) {
		if err := v.step(s); err != nil {
			return fmt.Errorf("%v: %w", v.log, err)
		}
	}
	return nil
}

func (v *visitor) step(s *diskimage.Session) error {
	names := slices.Sorted(maps.Keys(v.files))
	if len(names) == 0 || v.r.IntN(4) == 0 {
		name := fmt.Sprintf("%s/random-%d.bin", randomFolder, v.r.IntN(12))
		if v.files[name] == nil {
			return v.write(name, "create", s.Create)
		}
		return v.write(name, "write", s.OpenWrite)
	}
	name := names[v.r.IntN(len(names))]
	switch v.r.IntN(6) {
	case 0:
		v.note("remove", name, 0)
		if v.r.IntN(2) == 0 && len(v.files[name]) > 0 {
			s.Secret(v.files[name])
		}
		delete(v.files, name)
		return s.Remove(name)
	case 1:
		as := fmt.Sprintf("random-%d.bin", v.r.IntN(12))
		v.note("rename to "+as, name, 0)
		content := v.files[name]
		delete(v.files, name)
		v.files[randomFolder+"/"+as] = content
		return s.Rename(name, as)
	case 2, 3:
		return v.truncate(s, name)
	default:
		return v.write(name, "write", s.OpenWrite)
	}
}

func (v *visitor) note(what, name string, n int) {
	v.log = append(v.log, fmt.Sprintf("%s %s %d", what, name[len(randomFolder)+1:], n))
}

// size is small mostly, and sometimes some clusters.
func (v *visitor) size() int {
	if v.r.IntN(2) == 0 {
		return v.r.IntN(900)
	}
	return v.r.IntN(60_000)
}

func (v *visitor) noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(v.r.Uint32())
	}
	return b
}

// write puts other content into a file, from its beginning or from somewhere on.
func (v *visitor) write(name, what string, open func(string) (imagefs.File, error)) error {
	content := v.noise(v.size())
	at := 0
	if old := v.files[name]; len(old) > 0 && v.r.IntN(2) == 0 {
		at = v.r.IntN(len(old))
	}
	v.note(fmt.Sprintf("%s from %d on", what, at), name, len(content))
	f, err := open(name)
	if err != nil {
		return err
	}
	if at == 0 {
		err = f.Truncate(0)
	}
	if err == nil && len(content) > 0 {
		_, err = f.WriteAt(content, int64(at))
	}
	if err == nil {
		err = f.Sync()
	}
	was := v.files[name]
	switch now := append(bytes.Clone(was[:at]), content...); {
	case at > 0 && len(was) > len(now):
		v.files[name] = append(now, was[len(now):]...)
	default:
		v.files[name] = now
	}
	return errors.Join(err, f.Close())
}

func (v *visitor) truncate(s *diskimage.Session, name string) error {
	size := v.size()
	v.note("truncate", name, size)
	f, err := s.OpenWrite(name)
	if err != nil {
		return err
	}
	err = errors.Join(f.Truncate(int64(size)), f.Sync(), f.Close())
	content := make([]byte, size)
	copy(content, v.files[name])
	v.files[name] = content
	return err
}

// compare looks at the folder in a visit of its own.
func (v *visitor) compare(t *testing.T, image string) error {
	t.Helper()
	s, err := diskimage.Open(t.Context(), imagefs.Location{ImagePath: image}, imagefs.Read)
	if err != nil {
		return err
	}
	defer s.Close()
	for i := range 12 {
		name := fmt.Sprintf("%s/random-%d.bin", randomFolder, i)
		got, err := imagefs.ReadFile(s, name, 1<<20)
		want, there := v.files[name]
		switch {
		case !there && errors.Is(err, fs.ErrNotExist):
		case !there || err != nil:
			return fmt.Errorf("%s: there should be a file: %v, %w", name, there, err)
		case !bytes.Equal(got, want):
			return fmt.Errorf("%s has %d bytes that are not the %d that were written", name, len(got), len(want))
		}
	}
	return nil
}

// seed is OFFLINEJOIN_SEED, or always the same.
func seed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("OFFLINEJOIN_SEED")
	if text == "" {
		return 7
	}
	n, err := strconv.ParseUint(text, 10, 64)
	must(t, err)
	return n
}
