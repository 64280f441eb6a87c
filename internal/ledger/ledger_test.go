package ledger_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestOneBlobJoinsOneMachine(t *testing.T) {
	t.Parallel()
	renamed := claim(1, "one", "b")
	renamed.Account = ledger.NewAccount("", 0, "{"+strings.ToUpper(domainGUID)+"}", "", "web01")
	recreated := claim(1, "new", "b")
	recreated.Account = ledger.NewAccount(domainSID, 1199, domainGUID, "corp.example.com", "WEB01")
	otherDomain := claim(1, "new", "b")
	otherDomain.Account = ledger.NewAccount("S-1-5-21-9-9-9", 1101, "", "lab.example.com", "WEB01")
	nameOnly := claim(1, "new", "b")
	nameOnly.Account = ledger.NewAccount("", 0, "", "CORP.example.com.", "web01")
	reused := claim(1, "one", "b")
	reused.Reuse, reused.ReuseReason = true, "web01 is rebuilt"
	reusedHere := claim(1, "one", "a")
	reusedHere.Reuse, reusedHere.ReuseReason = true, "web01 is rebuilt"
	for name, c := range map[string]struct {
		second ledger.Claim
		passes bool
	}{
		"same image, same blob":              {held(claim(1, "one", "a")), true},
		"same place, same blob, no join":     {claim(1, "one", "a"), false},
		"same place, reused with a reason":   {reusedHere, true},
		"same image, new blob":               {claim(1, "two", "a"), true},
		"same image, another account":        {claim(2, "two", "a"), true},
		"other image, same blob":             {claim(1, "one", "b"), false},
		"other image, new blob":              {claim(1, "two", "b"), false},
		"other image, other account":         {claim(2, "two", "b"), true},
		"other image, blob of another name":  {claim(2, "one", "b"), false},
		"other image, by GUID and name":      {renamed, false},
		"other image, by domain and name":    {nameOnly, false},
		"other image, account made again":    {recreated, true},
		"other image, name in other domain":  {otherDomain, true},
		"other image, allowed with a reason": {reused, true},
	} {
		for kind, l := range kinds(t) {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				stage(t, l, claim(1, "one", "a"))
				if c.passes {
					stage(t, l, c.second)
				} else {
					refused(t, l, c.second)
				}
			})
		}
	}
}

func TestTheSentences(t *testing.T) {
	t.Parallel()
	const at = `\d{4}-\d\d-\d\d \d\d:\d\d, fingerprint [0-9a-f]{4}…[0-9a-f]{4}`
	const end = ` \(2732 NERR_AccountReuseBlockedByPolicy\)$`
	l := ledger.NewRun()
	running := begin(t, l, claim(1, "one", "web01"))
	for _, want := range []string{
		`^a stage of this account into images/web01 began and has not ended \(` + at + `\): if it still runs, wait for it; ` +
			`if it was stopped, stage into that image again or unstage it, or set reuse = "allow" with a reason` + end,
		`^this account is already staged into images/web01 \(` + at + `\): one blob joins one machine; make a new blob ` +
			`for another machine than WEB01, unstage that image, or set reuse = "allow" with a reason` + end,
	} {
		if got := refused(t, l, claim(1, "one", "web02")); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("error\n %s\nwant\n %s", got, want)
		}
		if err := running.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	const newer = `^the account of WEB01 is already staged into images/web01 with another blob \(`
	if got := refused(t, l, claim(1, "two", "web02")); !regexp.MustCompile(newer).MatchString(got) {
		t.Errorf("error %s", got)
	}
}

func TestAnAccountIsFreeAgain(t *testing.T) {
	t.Parallel()
	for kind, l := range kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			one := claim(1, "one", "a")
			if err := begin(t, l, one).Cancel(ctx); err != nil {
				t.Fatal(err)
			}
			stage(t, l, claim(1, "one", "b"))
			for range 2 { // the second time there is nothing to take back
				if _, err := l.Unstaged(ctx, image("b"), one.Fingerprint, "test"); err != nil {
					t.Fatal(err)
				}
			}
			stage(t, l, claim(1, "one", "c"))
			if known, err := l.Unstaged(ctx, image("b"), one.Fingerprint, "test"); known || err != nil {
				t.Errorf("Unstaged of another image: %v, %v", known, err)
			}
			refused(t, l, claim(1, "one", "d"))
			known, err := l.Released(ctx, force(t, l)[0].ID, "the disk was scrapped", "test")
			if !known || err != nil {
				t.Fatalf("Released: %v, %v", known, err)
			}
			stage(t, l, claim(1, "one", "d"))
		})
	}
}

// A run lets go of the image before it tells the ledger that the join is staged. Who takes the join back in between, or replaces
// it, ends the use: it does not come alive again.
func TestAUseThatHasEndedDoesNotComeAlive(t *testing.T) {
	t.Parallel()
	for kind, l := range kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			takenBack := func(c ledger.Claim) {
				t.Helper()
				if known, err := l.Unstaged(t.Context(), c.Image, c.Fingerprint, "test"); !known || err != nil {
					t.Fatalf("Unstaged: %v, %v", known, err)
				}
			}
			inForce := func(want ...string) {
				t.Helper()
				var got []string
				for _, e := range force(t, l) {
					got = append(got, e.Fingerprint)
				}
				if !slices.Equal(got, want) {
					t.Errorf("in force: %q, want %q", got, want)
				}
			}
			commit := func(use *ledger.Use) {
				t.Helper()
				if err := use.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			one, two := claim(1, "one", "a"), claim(2, "two", "a")
			use := begin(t, l, one)
			takenBack(one)
			commit(use)
			inForce()

			stage(t, l, one) // and what it replaces stays ended, too
			two.Replaces = one.Fingerprint
			use = begin(t, l, two)
			takenBack(two)
			commit(use)
			inForce()

			use = begin(t, l, one)
			two.Replaces = one.Fingerprint
			stage(t, l, two)
			commit(use)
			inForce(two.Fingerprint)
		})
	}
}

// A run that takes a join back tells the ledger when it has let go of the image. A stage that has begun in between stays in force.
func TestAUseThatBeganSinceStaysInForce(t *testing.T) {
	t.Parallel()
	for kind, l := range kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c := claim(1, "one", "a")
			stage(t, l, c)
			held, err := l.Held(t.Context(), c.Image, c.Fingerprint)
			if err != nil {
				t.Fatal(err)
			}
			c.AlreadyStaged = true
			stage(t, l, c)
			if _, err := held.Unstaged(t.Context(), "test"); err != nil {
				t.Fatal(err)
			}
			if n := len(force(t, l)); n != 1 {
				t.Errorf("%d uses are in force", n)
			}
			refused(t, l, claim(1, "one", "b"))
		})
	}
}

func TestACompletedJoinStaysInForce(t *testing.T) {
	t.Parallel()
	l, _ := newFile(t)
	one := claim(1, "one", "a")
	stage(t, l, one)
	for _, want := range []bool{true, false} { // told once
		told, err := l.Completed(t.Context(), one.Image, one.Fingerprint, "test")
		if told != want || err != nil {
			t.Errorf("Completed: %v, %v; want %v", told, err, want)
		}
	}
	if got := force(t, l); len(got) != 1 || got[0].Event != ledger.EventCompleted {
		t.Errorf("in force: %+v", got)
	}
	refused(t, l, claim(1, "one", "b"))
}

func TestTheSameImageKeepsOneEntry(t *testing.T) {
	t.Parallel()
	l, _ := newFile(t)
	before := ""
	for _, blob := range []string{"one", "one", "two", "one"} {
		c := claim(1, blob, "a")
		c.AlreadyStaged = blob == before
		before = blob
		use := stage(t, l, c)
		if len(use.Reused())+len(use.Clones()) != 0 {
			t.Errorf("%s: reused %v, clones %v", blob, use.Reused(), use.Clones())
		}
	}
	if got := force(t, l); len(got) != 1 || got[0].Fingerprint != fingerprint("one") {
		t.Errorf("in force: %+v", got)
	}
}

func TestAReplacedJoinIsOver(t *testing.T) {
	t.Parallel()
	l, _ := newFile(t)
	stage(t, l, claim(1, "one", "a"))
	over := claim(2, "two", "a")
	over.Replaces = fingerprint("one")
	stage(t, l, over)
	stage(t, l, claim(1, "one", "b"))
	refused(t, l, claim(2, "two", "c"))
}

// A disk that is mounted where another one was is another image only for its own account.
func TestAnotherAccountAtTheSamePlaceForgetsNothing(t *testing.T) {
	t.Parallel()
	l, _ := newFile(t)
	stage(t, l, claim(1, "one", "a"))
	stage(t, l, claim(2, "two", "a"))
	refused(t, l, claim(1, "one", "b"))
}

func TestACopyIsToldFromAMove(t *testing.T) {
	t.Parallel()
	const volume = "dev:/dev/sdb1|"
	at := func(path, file string) ledger.Claim {
		c := claim(1, "one", "a")
		c.Image = ledger.Image{Path: path, Place: volume + path, File: file}
		return c
	}
	l, _ := newFile(t)
	stage(t, l, at("/web01/Windows", "42:7.5"))
	refused(t, l, at("/old/Windows", "42:7.5")) // a clone in the same volume has all of it but the join
	moved, copied := held(at("/old/Windows", "42:7.5")), held(at("/copy/Windows", "43:7.5"))
	stage(t, l, moved)
	refused(t, l, copied)
	known, err := l.Unstaged(t.Context(), at("/older/Windows", "42:7.5").Image, moved.Fingerprint, "")
	if !known || err != nil {
		t.Errorf("Unstaged of a moved image: %v, %v", known, err)
	}
	stage(t, l, copied)
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	l, _ := newFile(t)
	clone := func(account int, blob, im string) ledger.Claim {
		c := claim(account, blob, im)
		c.Image.MachineSID = machineSID
		return c
	}
	first := stage(t, l, clone(1, "one", "web01"))
	if got := first.Warnings(); got != nil {
		t.Errorf("first use: %q", got)
	}
	if got := stage(t, l, held(clone(1, "one", "web01"))).Warnings(); got != nil {
		t.Errorf("staged again: %q", got)
	}
	reuse := claim(1, "one", "web03")
	reuse.Reuse, reuse.ReuseReason = true, "two halves of\x1b[2J one cluster"
	replaced := clone(1, "one", "web01")
	replaced.Reuse, replaced.ReuseReason = true, "web01 is made again"
	for want, c := range map[string]ledger.Claim{
		"^images/web02 is the same installation as images/web01, .* for WEB01 .*generalize":                    clone(2, "two", "web02"),
		"^this account is already staged into images/web01 .* because: web01 is made again$":                   replaced,
		`^this account is already staged into images/web01 .* because: two halves of\x{FFFD}\[2J one cluster$`: reuse,
	} {
		use := begin(t, l, c)
		got := use.Warnings()
		if len(got) != 1 || !regexp.MustCompile(want).MatchString(got[0]) {
			t.Errorf("warnings\n %q\nwant\n %s", got, want)
		}
		if err := use.Cancel(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Who has the reason for the second image need not give it for the first, nor again when the second is staged anew.
func TestAReusedAccountMayBeStagedAgainWhereItIs(t *testing.T) {
	t.Parallel()
	l, _ := newFile(t)
	second := claim(1, "one", "b")
	second.Reuse, second.ReuseReason = true, "two halves"
	stage(t, l, claim(1, "one", "a"))
	stage(t, l, second)
	for _, im := range []string{"a", "b"} {
		use := stage(t, l, held(claim(1, "one", im)))
		if len(use.Reused()) != 1 {
			t.Errorf("%s: reused %v", im, use.Reused())
		}
	}
	refused(t, l, claim(1, "one", "c"))
	for _, e := range force(t, l) {
		if want := map[string]string{"images/b": "two halves"}[e.Image.Path]; e.ReuseReason != want {
			t.Errorf("%s has the reason %q, want %q", e.Image.Path, e.ReuseReason, want)
		}
	}
}

// Check says what Begin would, and leaves no trace.
func TestCheckSaysWhatBeginWould(t *testing.T) {
	t.Parallel()
	l, path := newFile(t)
	stage(t, l, claim(1, "one", "a"))
	second := claim(1, "one", "b")
	second.Reuse, second.ReuseReason = true, "two halves"
	stage(t, l, second)
	before := content(t, path)
	for name, c := range map[string]struct {
		claim  ledger.Claim
		passes bool
		known  bool
	}{
		"the first image":       {held(claim(1, "one", "a")), true, true},
		"the second, reused":    {held(claim(1, "one", "b")), true, true},
		"another in its place":  {claim(1, "one", "a"), false, false},
		"a newer blob":          {claim(1, "two", "a"), true, false},
		"a third image":         {claim(1, "one", "c"), false, false},
		"another account":       {claim(2, "two", "c"), true, false},
		"a claim that is wrong": {ledger.Claim{}, false, false},
	} {
		_, known, err := ledger.Check(t.Context(), c.claim, nil, l)
		if (err == nil) != c.passes || known != c.known {
			t.Errorf("%s: known %v, error %v", name, known, err)
		}
	}
	if after := content(t, path); string(after) != string(before) {
		t.Error("Check wrote the ledger")
	}
}

func TestNoLedgerRefusesNothing(t *testing.T) {
	t.Parallel()
	l := ledger.Open("", 0)
	stage(t, l, claim(1, "one", "a"))
	stage(t, l, claim(1, "one", "b"))
	if entries, err := l.Entries(t.Context()); entries != nil || err != nil {
		t.Errorf("entries %v, %v", entries, err)
	}
	if known, err := l.Unstaged(t.Context(), image("a"), fingerprint("one"), ""); known || err != nil {
		t.Errorf("Unstaged: %v, %v", known, err)
	}
}

func TestTwoLedgersPassTogetherOrNotAtAll(t *testing.T) {
	t.Parallel()
	kept, run := ledger.NewRun(), ledger.NewRun()
	stage(t, run, claim(1, "one", "a"))
	_, err := ledger.Begin(t.Context(), claim(1, "one", "b"), kept, nil, run)
	if code, _ := winerr.CodeOf(err); code != winerr.AccountReuseBlocked {
		t.Errorf("error %v", err)
	}
	if got := force(t, kept); len(got) != 0 {
		t.Errorf("the first ledger has %+v in force after the second one refused", got)
	}
	use, err := ledger.Begin(t.Context(), held(claim(1, "one", "a")), kept, run)
	if err != nil {
		t.Fatal(err)
	}
	if err := use.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused(t, kept, claim(1, "one", "b"))
}

func TestAUseEndsOnce(t *testing.T) {
	t.Parallel()
	l, _ := newFile(t)
	use := stage(t, l, claim(1, "one", "a"))
	if err := use.Cancel(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused(t, l, claim(1, "one", "b"))
}

// Somebody released the intent of a run that was thought dead, and it ends after all.
func TestAStageThatEndsAfterItsReleaseIsInForce(t *testing.T) {
	t.Parallel()
	l, _ := newFile(t)
	use := begin(t, l, claim(1, "one", "a"))
	if _, err := l.Released(t.Context(), force(t, l)[0].ID, "stopped", "test"); err != nil {
		t.Fatal(err)
	}
	if err := use.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused(t, l, claim(1, "one", "b"))
}

func TestClaimsThatAreNoGood(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*ledger.Claim){
		"needs an account, a fingerprint":              func(c *ledger.Claim) { c.Fingerprint = "4f1c" },
		"needs an account, a fingerprint and an image": func(c *ledger.Claim) { c.Image.Place = "" },
		"needs an account":                             func(c *ledger.Claim) { c.Account = ledger.Account{} },
		`reuse = "allow" needs`:                        func(c *ledger.Claim) { c.Reuse, c.ReuseReason = true, " \n" },
		"too much for the ledger: s":                   func(c *ledger.Claim) { c.Reuse, c.ReuseReason = true, strings.Repeat("x", 5000) },
	} {
		l, _ := newFile(t)
		c := claim(1, "one", "a")
		change(&c)
		_, err := l.Begin(t.Context(), c)
		if code, _ := winerr.CodeOf(err); code != winerr.InvalidParameter || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
