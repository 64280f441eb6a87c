package offlinejoin

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestLogOnIsTriedOnce has many joins of one run ask a domain at once that does not answer, or that refuses the log on: one alone
// waits, and the others get its sentence. What was begun is taken back over another try where the domain did not answer.
func TestLogOnIsTriedOnce(t *testing.T) {
	t.Parallel()
	silent := &winerr.Error{Code: winerr.DCNotFound, Message: "the domain controller does not answer", Err: activedirectory.ErrAway}
	for name, c := range map[string]struct {
		err             error
		tries, mayPass  bool // how often: once, or each time
		triesAfterwards int
	}{
		"does not answer": {silent, false, true, 1},
		"not in DNS":      {winerr.Errorf(winerr.NoSuchDomain, "DNS names no domain controller"), false, false, 1},
		"refused":         {winerr.Errorf(winerr.LogonFailure, "the password is wrong"), false, false, 0},
		"out of time":     {winerr.Errorf(winerr.Timeout, "no answer"), false, true, 1},
		"interrupted":     {context.Canceled, true, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			connects := 0
			d := &Directory{connect: func(context.Context) (*link, error) {
				mu.Lock()
				defer mu.Unlock()
				connects++
				return nil, c.err
			}}
			const joins = 20
			var all sync.WaitGroup
			for range joins {
				all.Go(func() {
					_, err := PlanAccount(t.Context(), d, AccountRequest{MachineName: "WEB01"})
					if !errors.Is(err, c.err) || MayPass(err) != c.mayPass {
						t.Errorf("%v, may pass: %v", err, MayPass(err))
					}
				})
			}
			all.Wait()
			want := 1
			if c.tries {
				want = joins
			}
			if connects != want {
				t.Errorf("%d log ons, want %d", connects, want)
			}
			ctx, cancel := d.afterwards(t.Context())
			defer cancel()
			if _, err := d.get(ctx); !errors.Is(err, c.err) || connects != want+c.triesAfterwards {
				t.Errorf("%v, %d log ons, want %d", err, connects, want+c.triesAfterwards)
			}
		})
	}
}

// TestMayPassGoesByTheFirst is about errors that come together.
func TestMayPassGoesByTheFirst(t *testing.T) {
	t.Parallel()
	silent := &winerr.Error{Code: winerr.DCNotFound, Message: "no answer", Err: activedirectory.ErrAway}
	refused := winerr.New(winerr.AccessDenied, "refused")
	for _, c := range []struct {
		err  error
		want bool
	}{
		{silent, true},
		{winerr.Errorf(winerr.ConnectionAborted, "%w, and more", winerr.Uncoded(silent)), true},
		{errors.Join(silent, refused), true},
		{errors.Join(refused, silent), false},
		{errors.Join(silent, context.Canceled), false},
		{winerr.New(winerr.DCNotFound, "read-only"), false},
	} {
		if got := MayPass(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}
