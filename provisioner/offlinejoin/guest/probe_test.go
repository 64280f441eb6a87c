package guest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// A guest that never answers is given up, and the message names what is mostly the cause; an interrupt stays one.
func TestProbesAreBounded(t *testing.T) {
	t.Parallel()
	never := func(ctx context.Context) (result, error) {
		<-ctx.Done()
		return result{}, ctx.Err()
	}
	_, err := probeWithin(t.Context(), time.Millisecond, never)
	if err == nil || !strings.Contains(err.Error(), "gave no answer within 1ms") || !strings.Contains(err.Error(), "ssh_pty") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := probeWithin(ctx, time.Hour, never); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestPosixListingsOfSeveralDirectories(t *testing.T) {
	t.Parallel()
	all, err := parsePosixLists("in 0 \n81a4 5 1 /w/a\nin 2 /System32/Config\n81a4 1 1 /w/x\nnonsense\n81a4 1 1 /w/y\nin 3 /P\n")
	if err != nil || len(all) != 2 || all[0].Entries[0].Name != "a" || all[1].Name != "P" || all[1].Asked != 3 {
		t.Errorf("%+v, %v", all, err)
	}
	for _, bad := range []string{"81a4 5 1 /w/a\n", "in x /P\n"} {
		if _, err := parsePosixLists(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestPosixFetchesOfSeveralFiles(t *testing.T) {
	t.Parallel()
	all, err := parsePosixFetches([]byte("3\na\nb-\n0\n"), 3)
	if err != nil || string(all[0]) != "a\nb" || all[1] != nil || all[2] == nil || len(all[2]) != 0 {
		t.Errorf("%q, %v", all, err)
	}
	for _, bad := range []string{"4\nabc", "1\nab", "x\n", "", "99999999999999999999\n"} {
		if _, err := parsePosixFetches([]byte(bad), 1); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestWindowsListingsOfSeveralDirectories(t *testing.T) {
	t.Parallel()
	const system32, a = "L1N5c3RlbTMy", "YQ==" // "/System32", "a"
	all, err := parseWindowsLists("in 0 /\n32 5 " + a + "\nin 2 /" + system32 + "\n16 0 " + a + "\n32 1 Li4=\n32 1 " + a + "\nWARNING\nin 3 /\n")
	if err != nil || len(all) != 2 || all[0].Name != "" || all[0].Entries[0].Name != "a" || all[0].Entries[0].Size != 5 || all[1].Asked != 3 {
		t.Errorf("%+v, %v", all, err) // the one with "..", which is no name, is left out
	}
	for _, bad := range []string{"in x /\n", "in 0 /*\n", "in -1 /\n"} {
		if _, err := parseWindowsLists(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	if all, err := parseWindowsLists("32 5 " + a + "\n"); err != nil || len(all) != 0 {
		t.Errorf("entries of no directory: %+v, %v", all, err)
	}
}

func TestWindowsFetchesOfSeveralFiles(t *testing.T) {
	t.Parallel()
	pack := func(text string) string {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, err := io.WriteString(z, text)
		if err := errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
		whole := base64.StdEncoding.EncodeToString(packed.Bytes())
		return whole[:10] + "\n" + whole[10:] + "\n"
	}
	good := "File=4\n" + pack("a\nbc") + "File=-\nFile=0\n" + pack("")
	all, err := parseWindowsFetches(good, 3, 4)
	if err != nil || string(all[0]) != "a\nbc" || all[1] != nil || all[2] == nil || len(all[2]) != 0 {
		t.Errorf("%q, %v", all, err)
	}
	for what, c := range map[string]struct {
		out   string
		n     int
		limit int64
	}{
		"too few":           {good, 4, 4},
		"too many":          {good, 2, 4},
		"too long":          {good, 3, 3},
		"shorter than said": {"File=5\n" + pack("abcd"), 1, 9},
		"longer than said":  {"File=3\n" + pack("abcd"), 1, 9},
		"no length":         {"File=\n" + pack("abcd"), 1, 9},
		"a negative length": {"File=-4\n" + pack("abcd"), 1, 9},
		"cut off":           {"File=4\n" + pack("abcd")[:20], 1, 9},
		"not packed":        {"File=4\nYWJjZA==\n", 1, 9},
		"nothing":           {"", 1, 9},
	} {
		if _, err := parseWindowsFetches(c.out, c.n, c.limit); err == nil {
			t.Errorf("%s: it was read", what)
		}
	}
}
