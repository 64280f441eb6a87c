package guest

import (
	"context"
	"errors"
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
