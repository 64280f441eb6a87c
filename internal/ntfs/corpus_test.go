package ntfs

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// corpusVolume is one NTFS volume of the shared test data: an image, and where the volume begins on its disk.
type corpusVolume struct {
	image string
	off   int64
	kind  Kind // what Open or Writable must refuse it for, 0 for nothing
	read  bool // Open must succeed
	vss   bool
}

// String names the volume in tests; the checker takes "@" in a path for an offset.
func (c corpusVolume) String() string { return c.image + " at " + strconv.FormatInt(c.off, 10) }

// corpus is the manifest's judgement of each volume.
func corpus() []corpusVolume {
	return []corpusVolume{
		{image: "win10-18362-cluster2m.raw.gz", off: 65536, read: true},
		{image: "win10-18348-lastaccess.raw.gz", off: 65536, read: true},
		{image: "win10-18348-slack.raw.gz", off: 65536, read: true},
		{image: "win10-14393-compressed.raw.gz", off: 65536, read: true},
		{image: "win10-20h1-vss-usn-64g.sparse.tgz", off: 1048576, read: true, vss: true},
		{image: "vss-2-stor-5g.sparse.tgz", off: 34603008, read: true, vss: true},
		{image: "vss-3-volstor-5g.sparse.tgz", off: 1048576, read: true, vss: true},
		{image: "vss-3-volstor-5g.sparse.tgz", off: 2148532224, read: true, vss: true},
		{image: "win2003-vss-128g.sparse.tgz", off: 32256, read: true, vss: true},
		{image: "win-index.raw.gz", off: 65536, read: true},
		{image: "linux-ntfs3.raw.gz", read: true},
		{image: "linux-ntfs3-attrlist.raw.gz", read: true},
		{image: "win-8m-partition.raw.gz", read: true},
		{image: "win-unclean-log20-compressed-ads.raw.gz", kind: LogPending, read: true},
		{image: "win-ads-same-ids.raw.gz", read: true},
		{image: "win7-links-unclean.raw.gz", kind: LogPending, read: true},
		{image: "winxp-dftt7.raw.gz", read: true},
		{image: "win7-vss.v2-compressed.qcow2.gz", read: true, vss: true},
		{image: "mkntfs-windows-tree.qcow2.gz", read: true},
		{image: "hyperv-20348-ntfs.vhdx.gz", off: 65536, read: true},
		{image: "bde-aes-xts_128.raw.gz", kind: BitLocker},
		{image: "bde-decrypted.raw.gz", kind: BitLocker},
		{image: "bde-suspended.raw.gz", kind: BitLocker},
		{image: "bde-vista.raw.gz", kind: BitLocker},
		// The partition table promises 82 MB; the volume's own boot sector says 2 MiB, which are there. The disk is refused by
		// whoever reads the table.
		{image: "truncated-disk.raw.gz", off: 32256, read: true},
		{image: "win-mbr-logical-drives.raw.gz", off: 0, kind: NotNTFS},
	}
}

// diskOf unpacks an image of the shared test data to a raw disk file.
func diskOf(t testing.TB, image string) string {
	t.Helper()
	src := testenv.Shared(t, "testdata/volumes/"+image)
	dir := t.TempDir()
	if strings.HasSuffix(image, ".tgz") {
		run(t, testenv.Tool(t, "tar"), "xzSf", src, "-C", dir)
		all, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(all) != 1 {
			t.Fatalf("%s holds %v, %v", image, all, err)
		}
		return all[0]
	}
	dst := filepath.Join(dir, strings.TrimSuffix(image, ".gz"))
	gunzip(t, src, dst)
	if strings.HasSuffix(dst, ".raw") {
		return dst
	}
	run(t, testenv.Tool(t, "qemu-img"), "convert", "-O", "raw", dst, dst+".raw")
	return dst + ".raw"
}

func gunzip(t testing.TB, src, dst string) {
	t.Helper()
	in, err := os.Open(src)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(dst)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var end int64
	zero := make([]byte, 65536)
	for b := make([]byte, 65536); ; {
		n, err := io.ReadFull(z, b)
		if string(b[:n]) != string(zero[:n]) { // what is zero stays a hole
			if _, err := out.WriteAt(b[:n], end); err != nil {
				t.Fatal(err)
			}
		}
		end += int64(n)
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatal(err)
			}
			break
		}
	}
	if err := out.Truncate(end); err != nil {
		t.Fatal(err)
	}
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// openDisk opens the volume at off of a disk file.
func openDisk(t testing.TB, path string, off int64) (*Volume, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return Open(io.NewSectionReader(f, off, info.Size()-off), info.Size()-off)
}

func kindOf(err error) Kind {
	var r *Refused
	if errors.As(err, &r) {
		return r.Kind
	}
	return 0
}

func TestRealVolumesAreJudgedAsTheManifestSays(t *testing.T) {
	t.Parallel()
	rows := expectedRows(t)
	for _, c := range corpus() {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			v, err := openDisk(t, diskOf(t, c.image), c.off)
			if !c.read {
				if kindOf(err) != c.kind {
					t.Fatalf("Open: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := v.Writable(); kindOf(got) != c.kind || c.kind == 0 && got != nil {
				t.Errorf("Writable: %v", got)
			}
			if v.HasSnapshots() != c.vss {
				t.Errorf("HasSnapshots: %v", v.HasSnapshots())
			}
			for _, row := range rows[c.image+"@"+strconv.FormatInt(c.off, 10)] {
				checkExpected(t, v, row)
			}
			t.Logf("%d rows read alike", len(rows[c.image+"@"+strconv.FormatInt(c.off, 10)]))
		})
	}
}

// expectedRow is a line of EXPECTED.tsv: volume, offset, path[:stream], record, size, sha256, readers.
type expectedRow []string

func expectedRows(t testing.TB) map[string][]expectedRow {
	t.Helper()
	b, err := os.ReadFile(testenv.Shared(t, "testdata/volumes/EXPECTED.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]expectedRow{}
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n")[1:] {
		row := strings.Split(line, "\t")
		key := row[0] + "@" + row[1]
		rows[key] = append(rows[key], row)
	}
	if len(rows) < 20 {
		t.Fatalf("only %d volumes in EXPECTED.tsv", len(rows))
	}
	return rows
}

func checkExpected(t *testing.T, v *Volume, row expectedRow) {
	t.Helper()
	path, stream, _ := strings.Cut(row[2], ":")
	if path == "$Secure" && stream == "" {
		stream = "$SDS" // the only one it has
	}
	f, err := v.OpenStream(path, stream)
	if strings.Contains(row[6], "by record only") {
		if !isNotExist(err) {
			t.Errorf("%s: %v", row[2], err)
		}
		f, err = openRecord(t, v, row[3])
	}
	if err != nil {
		t.Errorf("%s: %v", row[2], err)
		return
	}
	size, sum := digest(t, f)
	if strconv.FormatInt(size, 10) != row[4] || sum != row[5] {
		t.Errorf("%s: %d bytes %s, want %s bytes %s", row[2], size, sum, row[4], row[5])
	}
}

func openRecord(t *testing.T, v *Volume, number string) (*File, error) {
	t.Helper()
	n, err := strconv.ParseUint(number, 10, 48)
	if err != nil {
		t.Fatal(err)
	}
	i, err := v.inode(n)
	if err != nil {
		return nil, err
	}
	return v.openInode(nil, i, "record "+number, "")
}

func digest(t testing.TB, f *File) (int64, string) {
	t.Helper()
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	n, err := io.Copy(h, io.NewSectionReader(f, 0, size))
	if err != nil || n != size {
		t.Errorf("%s: read %d of %d bytes, %v", f.path, n, size, err)
	}
	return n, hex.EncodeToString(h.Sum(nil))
}
