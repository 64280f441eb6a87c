package offlinejoin

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestAJoinMadeWithOtherWordsIsNotTakenOver: a valid join of the account in the image is not what was asked for when its blob was made
// with other words. It is refused with nothing written, left where on_existing says keep, and made anew where it says replace.
func TestAJoinMadeWithOtherWordsIsNotTakenOver(t *testing.T) {
	t.Parallel()
	for method, state := range map[Method]string{MethodRegistry: "", MethodAnswerFile: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"} {
		for says, change := range map[string]func(acc *AccountRequest){
			"":                                       func(acc *AccountRequest) { acc.PersistentSite = "SITE-a" }, // no other one
			"persistent_site is S":                   func(acc *AccountRequest) { acc.PersistentSite = "Site-B" },
			"Site-A there, and none is wanted":       func(acc *AccountRequest) { acc.PersistentSite = "" },
			"netbios_name is none there, and WEB01X": func(acc *AccountRequest) { acc.NetBIOSName = "WEB01X" },
			"primary_dns_domain is none there, and example.com":  func(acc *AccountRequest) { acc.PrimaryDNSDomain = "example.com" },
			"root_ca_certs is false there, and true is wanted":   func(acc *AccountRequest) { acc.RootCACerts = true },
			"SITE-B is wanted; netbios_name is none there, and ": func(acc *AccountRequest) { acc.PersistentSite, acc.NetBIOSName = "SITE-B", "X" },
		} {
			t.Run(string(method)+" "+says, func(t *testing.T) {
				t.Parallel()
				f := newFakeDirectory()
				f.roots = [][]byte{[]byte("a certificate")}
				acc, req := joinOf(t)
				req.Image = newImage(t, sample.Image{ImageState: state}).Image
				acc.PersistentSite = "Site-A"
				if _, err := Join(t.Context(), f.directory(), acc, req); err != nil {
					t.Fatal(err)
				}
				made := *held(t, req).inputs
				change(&acc)
				writes, set, before := f.writes, f.only(t).PasswordLastSet, tree(t, req.Image.WindowsPath)
				same := func(what string) {
					t.Helper()
					if f.writes != writes || f.only(t).PasswordLastSet != set || tree(t, req.Image.WindowsPath) != before {
						t.Errorf("%s has written", what)
					}
				}
				if says == "" {
					r, err := Join(t.Context(), f.directory(), acc, req)
					if err != nil || r.Outcome != OutcomeUnchanged {
						t.Errorf("%+v, %v", r, err)
					}
					same("the same in other letters")
					return
				}
				for _, fixed := range []bool{false, true} {
					req.FixedOnExisting = fixed
					_, _, planned := PlanJoin(t.Context(), f.directory(), acc, req)
					_, err := Join(t.Context(), f.directory(), acc, req)
					for _, err := range []error{planned, err} {
						code, _ := winerr.CodeOf(err)
						_, is := errors.AsType[*OtherInputsError](err)
						if code != winerr.CantCreateJoinInfo || !is || !strings.Contains(err.Error(), says) ||
							strings.Contains(err.Error(), "on_existing") == fixed {
							t.Errorf("refused: %v", err)
						}
					}
					same("a refusal")
				}
				req.FixedOnExisting, req.OnExisting = false, OnExistingKeep
				if r, err := Join(t.Context(), f.directory(), acc, req); err != nil || r.Outcome != OutcomeUnchanged {
					t.Errorf("kept: %+v, %v", r, err)
				}
				same("keep")

				req.OnExisting = OnExistingReplace
				r, err := Join(t.Context(), f.directory(), acc, req)
				if err != nil || r.Outcome != OutcomeStaged || f.only(t).PasswordLastSet == set || f.only(t).PasswordLastSet != r.Status.Account.PasswordLastSet {
					t.Fatalf("replaced: %+v, %v", r, err)
				}
				now := *held(t, req).inputs
				if found := now.differences(acc, acc.RootCACerts); len(found) > 0 || now == made {
					t.Errorf("the image holds %+v: %q", now, found)
				}
				if method == MethodRegistry && !f.valid(t, req.Image) {
					t.Error("the password in the image is not that of the account")
				}
				req.OnExisting, writes = "", f.writes
				if r, err := Join(t.Context(), f.directory(), acc, req); err != nil || r.Outcome != OutcomeUnchanged || f.writes != writes {
					t.Errorf("again: %+v, %v", r, err)
				}
			})
		}
	}
}

func held(t *testing.T, req Request) *heldJoin {
	t.Helper()
	h, err := heldBy(t.Context(), req)
	if err != nil || h == nil || h.inputs == nil {
		t.Fatalf("the image holds %+v, %v", h, err)
	}
	return h
}

// TestAForestWithoutAuthoritiesIsNoOtherJoin: nothing goes into the blob where the forest has none.
func TestAForestWithoutAuthoritiesIsNoOtherJoin(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	acc, req := joinOf(t)
	acc.RootCACerts = true
	for _, want := range []Outcome{OutcomeStaged, OutcomeUnchanged} {
		if r, err := Join(t.Context(), f.directory(), acc, req); err != nil || r.Outcome != want {
			t.Errorf("%+v, %v, want %s", r, err, want)
		}
	}
}

// TestABootedMachineHasTheWordsThatItHas: what it was joined with is used up.
func TestABootedMachineHasTheWordsThatItHas(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	acc, req := joinOf(t)
	if _, err := Join(t.Context(), f.directory(), acc, req); err != nil {
		t.Fatal(err)
	}
	sampletest.Complete(t, req.Image.WindowsPath)
	acc.PersistentSite, req.OnExisting = "Site-B", OnExistingReplace
	set := f.only(t).PasswordLastSet
	if r, err := Join(t.Context(), f.directory(), acc, req); err != nil || r.Outcome != OutcomeUnchanged || f.only(t).PasswordLastSet != set {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestADiskMadeWithOtherWordsIsNamed: nothing is staged into a new disk that is there, so that the way out is another one.
func TestADiskMadeWithOtherWordsIsNamed(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	acc, req := joinOf(t)
	req.Image = Image{}
	req.Image.ImagePath, req.Image.OverlayPath = sampletest.Volume(t, sample.Image{}), filepath.Join(t.TempDir(), "web01.qcow2")
	if _, err := Join(t.Context(), f.directory(), acc, req); err != nil {
		t.Fatal(err)
	}
	acc.PersistentSite = "Site-B"
	for on, want := range map[OnExisting]string{"": "remove that disk first, or write the words that it was made with", OnExistingReplace: "exists"} {
		req.OnExisting = on
		writes := f.writes
		if _, err := Join(t.Context(), f.directory(), acc, req); err == nil || !strings.Contains(err.Error(), want) || f.writes != writes {
			t.Errorf("%q: %v", on, err)
		}
	}
}
