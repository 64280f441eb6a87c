package fleet

import (
	"context"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/activedirectory/activedirectorytest"
	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// slowToDelete is a domain in which no account can be deleted in time.
type slowToDelete struct{ *activedirectorytest.Domain }

func (slowToDelete) Delete(context.Context, *activedirectory.Account, bool) error {
	return winerr.New(winerr.Timeout, "no answer in time")
}

// TestUnstageEndsTheAccount is about the order of the image and its account, and what is said where the second fails. Another run
// would find no join, so it is not asked for.
func TestUnstageEndsTheAccount(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		slow, shut bool
		state      offlinejoin.State
		says       string
		left       bool // the account
	}{
		"all is well":             {state: offlinejoin.StateAbsent},
		"nobody answers":          {shut: true, state: offlinejoin.StateStaged, says: "no domain controller answers", left: true},
		"it ends after the image": {slow: true, state: offlinejoin.StateAbsent, says: "end it with offlinejoin account delete WEB01", left: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := new(activedirectorytest.Domain)
			directory := offlinejoin.DirectoryOver(fake, activedirectorytest.Others{}, fake.Info())
			if c.slow {
				directory = offlinejoin.DirectoryOver(slowToDelete{fake}, activedirectorytest.Others{}, fake.Info())
			}
			j := &joinfile.Join{Account: &offlinejoin.AccountRequest{MachineName: "WEB01"}}
			j.Request.Image = offlinejoin.ImageAt(sampletest.Image(t, sample.Image{}))
			if _, err := offlinejoin.Join(t.Context(), directory, *j.Account, j.Request); err != nil {
				t.Fatal(err)
			}
			fake.Shut(c.shut)
			w, result := &work{Run: Run{Action: Unstage, AccountEnd: offlinejoin.AccountDelete}}, new(Result)
			err := w.unstageWithAccount(t.Context(), &domain{directory: directory, turns: make(chan struct{}, 1)}, j, result, func(offlinejoin.Event) {})
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) || offlinejoin.MayPass(err) {
				t.Errorf("%v, may pass: %v", err, offlinejoin.MayPass(err))
			}
			st, err := offlinejoin.ReadStatus(t.Context(), offlinejoin.StatusRequest{Image: j.Request.Image})
			if err != nil || st.State != c.state {
				t.Errorf("the image: %+v, %v", st, err)
			}
			fake.Shut(false)
			if left := fake.Account("WEB01") != nil; left != c.left {
				t.Errorf("the account is left: %v", left)
			}
		})
	}
}
