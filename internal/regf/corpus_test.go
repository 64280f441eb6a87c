package regf

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// corpusHive is one line of the shared EXPECTED.tsv.
type corpusHive struct {
	name, replay  string
	keys, values  int
	digest        string
	refusedByPeer bool
}

func corpus(t testing.TB) (dir string, hives []corpusHive) {
	t.Helper()
	dir = testenv.Shared(t, "testdata/hives")
	f, err := os.Open(filepath.Join(dir, "EXPECTED.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.Comment, r.LazyQuotes, r.FieldsPerRecord = '\t', '#', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		h := corpusHive{name: row[0], replay: row[1], digest: row[4]}
		h.keys, _ = strconv.Atoi(row[2])
		h.values, _ = strconv.Atoi(row[3])
		h.refusedByPeer = h.digest == ""
		hives = append(hives, h)
	}
	if len(hives) < 40 {
		t.Fatalf("only %d hives expected", len(hives))
	}
	return dir, hives
}

func gunzip(t testing.TB, path string) []byte {
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

// load reads a hive of the corpus with its logs, found beside it without regard to case.
func load(t testing.TB, dir, name string) Files {
	t.Helper()
	f := Files{Primary: NewMemFile(gunzip(t, filepath.Join(dir, name+".gz")))}
	entries, err := os.ReadDir(filepath.Join(dir, filepath.Dir(name)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		file := NewMemFile(nil)
		switch base := strings.ToLower(filepath.Base(name)); strings.ToLower(e.Name()) {
		case base + ".log1.gz", base + ".log.gz":
			f.Log1 = file
		case base + ".log2.gz":
			f.Log2 = file
		default:
			continue
		}
		*file = MemFile{data: gunzip(t, filepath.Join(dir, filepath.Dir(name), e.Name()))}
	}
	return f
}

func dumpDigest(h *Hive) (digest string, keys, values int, err error) {
	var b bytes.Buffer
	if err := Dump(h, &b); err != nil {
		return "", 0, 0, err
	}
	text := b.String()
	return fmt.Sprintf("%x", sha256.Sum256(b.Bytes())), strings.Count("\n"+text, "\nK\t"), strings.Count("\n"+text, "\nV\t"), nil
}

// damage returns the findings of Check that are not mere oddities, at most ten.
func damage(h *Hive) (out []Problem) {
	for _, p := range Check(h) {
		if !p.Oddity && len(out) < 10 {
			out = append(out, p)
		}
	}
	return out
}

func TestCorpusDump(t *testing.T) {
	t.Parallel()
	dir, hives := corpus(t)
	for _, want := range hives {
		t.Run(want.name, func(t *testing.T) {
			t.Parallel()
			f := load(t, dir, want.name)
			h, err := Open(f)
			if errors.Is(err, ErrUnrecoverable) { // five hives of the corpus are dirty and have no logs
				f.AsIs = true
				h, err = Open(f)
			}
			if want.refusedByPeer {
				if err == nil {
					_, _, _, err = dumpDigest(h)
				}
				if err == nil {
					t.Fatal("a damaged hive was read without an error")
				}
				t.Log(err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			digest, keys, values, err := dumpDigest(h)
			if err != nil {
				t.Fatal(err)
			}
			if digest != want.digest || keys != want.keys || values != want.values {
				t.Errorf("dump %s with %d keys, %d values; want %s with %d, %d", digest, keys, values, want.digest, want.keys, want.values)
			}
			for _, p := range damage(h) {
				t.Error("check:", p)
			}
			r := h.Recovery()
			got := "no logs"
			if r.Dirty {
				got = fmt.Sprintf("replayed seq %d..%d", r.First, r.Last)
			}
			if strings.HasPrefix(want.replay, "replayed") && got != want.replay {
				t.Errorf("recovery %q, want %q", got, want.replay)
			}
		})
	}
}

func digestText(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }
