package qcow2_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// patch overwrites bytes of a file.
func patch(t testing.TB, path string, off int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(b, off); err != nil {
		t.Fatal(err)
	}
}

func be32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func be64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

func TestRefuseToOpen(t *testing.T) {
	t.Parallel()
	secret := []string{"--object", "secret,id=s,data=abc"}
	for name, c := range map[string]struct {
		create []string
		patch  func(t *testing.T, path string)
		want   container.Kind
	}{
		"LUKS":                        {create: append(secret, "-o", "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10"), want: container.Encrypted},
		"AES":                         {create: append(secret, "-o", "encrypt.format=aes,encrypt.key-secret=s"), want: container.Encrypted},
		"extended L2":                 {create: []string{"-o", "extended_l2=on"}, want: container.ExtendedL2},
		"data file":                   {create: []string{"-o", "data_file=DIR/data"}, want: container.DataFile},
		"corrupt bit":                 {patch: at(72, be64(2)), want: container.Corrupt},
		"unknown bit":                 {patch: at(72, be64(1<<40)), want: container.Unsupported},
		"version 1":                   {patch: at(4, be32(1)), want: container.Unsupported},
		"version 4":                   {patch: at(4, be32(4)), want: container.Unsupported},
		"clusters too small":          {patch: at(20, be32(8)), want: container.Corrupt},
		"clusters too large":          {patch: at(20, be32(22)), want: container.Corrupt},
		"disk of 2^63":                {patch: at(24, be64(1<<63)), want: container.Corrupt},
		"disk beyond the L1":          {patch: at(24, be64(1<<40)), want: container.Corrupt},
		"huge L1":                     {patch: at(36, be32(1<<31)), want: container.Corrupt},
		"L1 beyond the end":           {patch: at(40, be64(1<<40)), want: container.Truncated},
		"L1 off its cluster":          {patch: at(40, be64(0x30200)), want: container.Corrupt},
		"refcounts of 2^7 bits":       {patch: at(96, be32(7)), want: container.Corrupt},
		"short header":                {patch: at(100, be32(100)), want: container.Corrupt},
		"compression without its bit": {patch: at(104, []byte{1}), want: container.Corrupt},
		"long extension":              {patch: at(116, be32(1<<30)), want: container.Corrupt},
		"header cut off":              {patch: cut(90), want: container.Truncated},
		"cut before the L1":           {patch: cut(100_000), want: container.Truncated},
		"backing without format": {patch: func(t *testing.T, path string) {
			patch(t, path, 8, append(be64(4096), be32(4)...))
			patch(t, path, 4096, []byte("base"))
		}, want: container.NoBackingFormat},
		"backing name outside":       {patch: at(8, append(be64(65534), be32(4)...)), want: container.Corrupt},
		"backing name of 2000 bytes": {patch: at(8, append(be64(4096), be32(2000)...)), want: container.Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := create(t, c.create...)
			if c.patch != nil {
				c.patch(t, path)
			}
			q, err := openFile(path)
			if err == nil {
				_ = q.Close() // it was only read
			}
			wantRefused(t, err, c.want)
		})
	}
}

func at(off int64, b []byte) func(*testing.T, string) {
	return func(t *testing.T, path string) { patch(t, path, off, b) }
}

func cut(size int64) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
	}
}

// create makes an image of 4 MiB with some data in it; DIR in the options stands for its folder.
func create(t *testing.T, options ...string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "image.qcow2")
	args := []string{"create", "-q", "-f", "qcow2"}
	for _, o := range options {
		if o == "data_file=DIR/data" {
			o = "data_file=" + dir + "/data"
		}
		args = append(args, o)
	}
	run(t, "qemu-img", append(args, path, "4M")...)
	if len(options) == 0 || options[0] != "--object" {
		run(t, "qemu-io", "-f", "qcow2", "-c", "write -P 5 0 200k", path)
	}
	return path
}

func TestRefuseInPlaceButRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		create []string
		change func(t *testing.T, path string)
		want   container.Kind
		engine bool
	}{
		"snapshots": {change: func(t *testing.T, path string) { run(t, "qemu-img", "snapshot", "-c", "one", path) }, want: container.Snapshots, engine: true},
		"bitmaps":   {change: func(t *testing.T, path string) { run(t, "qemu-img", "bitmap", "--add", path, "b") }, want: container.Bitmaps, engine: true},
		"bitmaps that something wrote past": {change: func(t *testing.T, path string) {
			run(t, "qemu-img", "bitmap", "--add", path, "b")
			patch(t, path, 88, be64(0))
		}, want: container.Bitmaps, engine: true},
		"dirty":                {change: at(72, be64(1)), want: container.Dirty, engine: true},
		"autoclear":            {change: at(88, be64(4)), want: container.Bitmaps, engine: true},
		"refcounts of 8 bits":  {create: []string{"-o", "refcount_bits=8"}, want: container.RefcountWidth, engine: true},
		"refcounts of 64 bits": {create: []string{"-o", "refcount_bits=64"}, want: container.RefcountWidth, engine: true},
		"refcount table gone":  {change: at(48, be64(0)), want: container.Corrupt},
		"refcount table is the L1": {change: func(t *testing.T, path string) {
			l1 := make([]byte, 8)
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.ReadAt(l1, 40); err != nil {
				t.Fatal(err)
			}
			patch(t, path, 48, l1)
		}, want: container.Corrupt},
		"refcount block behind the end": {change: at(64<<10, be64(1<<40)), want: container.Truncated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := create(t, c.create...)
			if c.change != nil {
				c.change(t, path)
			}
			q := mustOpen(t, path)
			b := make([]byte, 300<<10)
			if _, err := q.ReadAt(b, 0); err != nil || b[0] != 5 || b[200<<10] != 0 {
				t.Errorf("read %d, %d, %v", b[0], b[200<<10], err)
			}
			_, err := q.Plan([]container.Write{{Off: 0, Data: []byte("join")}})
			wantRefused(t, err, c.want)
			if r, ok := err.(*container.Refused); ok && r.Engine() != c.engine {
				t.Errorf("qemu-nbd can do it: %v, want %v", r.Engine(), c.engine)
			}
			if q.Room(0, 512) {
				t.Error("there is room in an image that is not changed")
			}
		})
	}
}

// layoutOf reads where the tables of a new image of qemu lie.
func layoutOf(t *testing.T, path string) (l1, l2, block, firstData int64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	word := func(off int64) int64 {
		b := make([]byte, 8)
		if _, err := f.ReadAt(b, off); err != nil {
			t.Fatal(err)
		}
		return int64(binary.BigEndian.Uint64(b) & 0x00ff_ffff_ffff_fe00)
	}
	l1 = word(40)
	l2 = word(l1)
	return l1, l2, word(word(48)), word(l2)
}

func TestRefuseTablesThatContradictEachOther(t *testing.T) {
	t.Parallel()
	const copied = 1 << 63
	for name, c := range map[string]struct {
		patch    func(t *testing.T, path string, l1, l2, block, data int64)
		want     container.Kind
		readable bool
	}{
		"data is the header":        {func(t *testing.T, p string, _, l2, _, _ int64) { patch(t, p, l2, be64(copied)) }, container.Corrupt, false},
		"data is the L1":            {func(t *testing.T, p string, l1, l2, _, _ int64) { patch(t, p, l2, be64(copied|uint64(l1))) }, container.Corrupt, true},
		"data is the L2":            {func(t *testing.T, p string, _, l2, _, _ int64) { patch(t, p, l2, be64(copied|uint64(l2))) }, container.Corrupt, true},
		"data is a refcount block":  {func(t *testing.T, p string, _, l2, b, _ int64) { patch(t, p, l2, be64(copied|uint64(b))) }, container.Corrupt, true},
		"L2 is the L1":              {func(t *testing.T, p string, l1, _, _, _ int64) { patch(t, p, l1, be64(copied|uint64(l1))) }, container.Corrupt, true},
		"L2 behind the end":         {func(t *testing.T, p string, l1, _, _, _ int64) { patch(t, p, l1, be64(copied|1<<40)) }, container.Truncated, false},
		"L2 off its cluster":        {func(t *testing.T, p string, l1, l2, _, _ int64) { patch(t, p, l1, be64(copied|uint64(l2+512))) }, container.Corrupt, false},
		"reserved bits of L1":       {func(t *testing.T, p string, l1, l2, _, _ int64) { patch(t, p, l1, be64(copied|1<<60|uint64(l2))) }, container.Corrupt, false},
		"reserved bits of L2":       {func(t *testing.T, p string, _, l2, _, d int64) { patch(t, p, l2, be64(copied|1<<58|uint64(d))) }, container.Corrupt, false},
		"data behind the end":       {func(t *testing.T, p string, _, l2, _, _ int64) { patch(t, p, l2, be64(copied|1<<40)) }, container.Truncated, false},
		"data used twice":           {func(t *testing.T, p string, _, _, b, d int64) { patch(t, p, b+d>>16*2, []byte{0, 2}) }, container.Corrupt, true},
		"data not counted":          {func(t *testing.T, p string, _, _, b, d int64) { patch(t, p, b+d>>16*2, []byte{0, 0}) }, container.Corrupt, true},
		"data not marked":           {func(t *testing.T, p string, _, l2, _, d int64) { patch(t, p, l2, be64(uint64(d))) }, container.Corrupt, true},
		"L2 used twice":             {func(t *testing.T, p string, _, l2, b, _ int64) { patch(t, p, b+l2>>16*2, []byte{0, 2}) }, container.Corrupt, true},
		"L2 not marked":             {func(t *testing.T, p string, l1, l2, _, _ int64) { patch(t, p, l1, be64(uint64(l2))) }, container.Corrupt, true},
		"compressed behind the end": {func(t *testing.T, p string, _, l2, _, _ int64) { patch(t, p, l2, be64(1<<62|1<<40)) }, container.Truncated, false},
		"compressed garbage":        {func(t *testing.T, p string, _, l2, _, d int64) { patch(t, p, l2, be64(1<<62|uint64(d))) }, container.Corrupt, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := create(t)
			l1, l2, block, data := layoutOf(t, path)
			c.patch(t, path, l1, l2, block, data)
			q := mustOpen(t, path)
			_, err := q.ReadAt(make([]byte, 100), 0)
			if c.readable && err != nil {
				t.Errorf("reading: %v", err)
			}
			if !c.readable {
				wantRefused(t, err, c.want)
			}
			_, err = q.Plan([]container.Write{{Off: 0, Data: []byte("join")}})
			wantRefused(t, err, c.want)
		})
	}
}

func TestRefuseAClusterInTwoPlaces(t *testing.T) {
	t.Parallel()
	path := create(t)
	_, l2, _, data := layoutOf(t, path)
	patch(t, path, l2+8, be64(1<<63|uint64(data)))
	w := []container.Write{{Off: 0, Data: []byte("join")}, {Off: 65536, Data: []byte("join")}}
	if _, err := mustOpen(t, path).Plan(w[:1]); err != nil {
		t.Errorf("one of them alone: %v", err)
	}
	_, err := mustOpen(t, path).Plan(w)
	wantRefused(t, err, container.Corrupt)
}

// Version 2 has no zero clusters.
func TestRefuseAZeroClusterInVersion2(t *testing.T) {
	t.Parallel()
	path := create(t, "-o", "compat=0.10")
	_, l2, _, _ := layoutOf(t, path)
	patch(t, path, l2, be64(1))
	q := mustOpen(t, path)
	_, err := q.ReadAt(make([]byte, 100), 0)
	wantRefused(t, err, container.Corrupt)
	_, err = q.Plan([]container.Write{{Off: 0, Data: []byte("join")}})
	wantRefused(t, err, container.Corrupt)
}

func TestRefuseAUsedClusterBehindTheEnd(t *testing.T) {
	t.Parallel()
	path := create(t)
	_, _, block, _ := layoutOf(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	patch(t, path, block+(info.Size()+65535)>>16*2, []byte{0, 1})
	q := mustOpen(t, path)
	_, err = q.Plan([]container.Write{{Off: 3 << 20, Data: []byte("join")}})
	wantRefused(t, err, container.Corrupt)
}

func TestRefuseWritesBeyondTheDisk(t *testing.T) {
	t.Parallel()
	q := mustOpen(t, create(t))
	for _, w := range []container.Write{
		{Off: -1, Data: []byte{1}},
		{Off: 4 << 20, Data: []byte{1}},
		{Off: 4<<20 - 1, Data: []byte{1, 2}},
		{Off: 1<<63 - 1, Data: []byte{1, 2}},
	} {
		_, err := q.Plan([]container.Write{w})
		wantRefused(t, err, container.Unsupported)
	}
	if q.Room(4<<20-1, 2) || q.Room(-1, 1) || !q.Room(0, 4<<20) {
		t.Error("room is not the disk")
	}
}
