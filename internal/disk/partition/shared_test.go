package partition_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/partition"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// What Windows and others made, with what testdata/volumes/MANIFEST.tsv says of it.
func TestSharedVolumes(t *testing.T) {
	t.Parallel()
	dir := testenv.Shared(t, "testdata/volumes")
	for name, want := range map[string]string{
		"win10-18348-lastaccess.raw":           "MBR 1@65536",
		"win-index.raw":                        "MBR 1@65536",
		"linux-ntfs3.raw":                      "none 1@0",
		"linux-ntfs3-attrlist.raw":             "none 1@0",
		"win-8m-partition.raw":                 "none 1@0",
		"win-unclean-log20-compressed-ads.raw": "none 1@0",
		"win-ads-same-ids.raw":                 "none 1@0",
		"win7-links-unclean.raw":               "none 1@0",
		"winxp-dftt7.raw":                      "none 1@0",
		"bde-aes-xts_128.raw":                  "none 1@0",
		"bde-decrypted.raw":                    "none 1@0",
		"bde-vista.raw":                        "none 1@0",
		"win-mbr-logical-drives.raw":           "MBR 3 primary, 4 logical",
		"truncated-disk.raw":                   "is cut off: it ends before its partitions do (2 MiB of 78 MiB): copy it again",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := gunzip(t, filepath.Join(dir, name+".gz"))
			table, err := read(b)
			if got := inWords(table, err); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

func inWords(t *partition.Table, err error) string {
	if err != nil {
		return err.Error()
	}
	words := []string{string(t.Scheme)}
	primary, logical := 0, 0
	for _, p := range t.Partitions {
		words = append(words, fmt.Sprintf("%d@%d", p.Number, p.Off))
		if p.Number < 5 {
			primary++
		} else {
			logical++
		}
	}
	if logical > 0 {
		return fmt.Sprintf("%s %d primary, %d logical", t.Scheme, primary, logical)
	}
	return strings.Join(words, " ")
}

func gunzip(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The lab's maker of disks shares no code with this program.
func TestDisksOfTheLab(t *testing.T) {
	t.Parallel()
	maker := filepath.Join(testenv.Shared(t, "lab/disk"), "mkdisk.py")
	python := testenv.Python(t, "binascii")
	for _, args := range [][]string{
		{"--sector", "512"}, {"--sector", "4096"}, {"--table", "mbr"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "disk.raw")
			args := append([]string{maker, path, "64M"}, args...)
			args = append(args, "--part", "efi:8M", "--part", "windows:20M", "--part", "recovery:4M", "--part", "spaces:2M")
			out, err := exec.Command(python, args...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			table, err := partition.Read(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for i, p := range table.Partitions {
				role := []string{"efi", "windows", "recovery", "spaces"}[i]
				fmt.Fprintln(&got, p.Number, role, p.Off, p.Size)
			}
			if got.String() != string(out) {
				t.Errorf("read\n%swant\n%s", got.String(), out)
			}
			if len(table.Notes) > 0 {
				t.Errorf("notes %q", table.Notes)
			}
			cut := int64(10 << 20)
			_, err = partition.Read(bytes.NewReader(b[:cut]), cut)
			wantRefused(t, err, container.Truncated)
		})
	}
}
