package activedirectory

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestMarkerText(t *testing.T) {
	t.Parallel()
	m := Marker{MarkerPending, "5f0c3a9d21b04e77", time.Date(2026, 11, 28, 1, 0, 0, 0, time.UTC), "9e107d9d372bb682"}
	const text = "offlinejoin/1 pending 5f0c3a9d21b04e77 2026-11-28T01:00:00Z image=9e107d9d372bb682"
	if m.String() != text || (Marker{}).String() != "" {
		t.Errorf("%q", m.String())
	}
	for _, c := range []struct {
		text, own string
		marker    Marker
	}{
		{text, "", m},
		{"Web server " + text, "Web server", m},
		{"offlinejoin/1 is great " + text, "offlinejoin/1 is great", m},
		{"", "", Marker{}},
		{"Web server", "Web server", Marker{}},
		{"Webserver" + text, "Webserver" + text, Marker{}}, // nothing between
		{text + " and more", text + " and more", Marker{}},
		{strings.ToUpper(text), strings.ToUpper(text), Marker{}},
		{strings.Replace(text, "pending", "owned", 1), strings.Replace(text, "pending", "owned", 1), Marker{}},
		{strings.Replace(text, "Z", "+01:00", 1), strings.Replace(text, "Z", "+01:00", 1), Marker{}},
	} {
		if own, got := splitDescription(c.text); own != c.own || got != c.marker {
			t.Errorf("%q: %q and %+v", c.text, own, got)
		}
	}
	if later := m.With(MarkerStaged, time.Date(2026, 11, 28, 2, 0, 0, 5, time.UTC)); later.Run != m.Run || later.State != MarkerStaged ||
		later.At.Nanosecond() != 0 {
		t.Errorf("%+v", later)
	}
}

func TestDescriptionAndMarkerPart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		own := rapid.StringOf(rapid.RuneFrom([]rune("ab /1=é offlinejoin"))).Draw(t, "own")
		if CheckDescription(own) != nil {
			t.Skip("refused")
		}
		states := []MarkerState{MarkerPending, MarkerStaged, MarkerPrepared, MarkerFailed, MarkerRemoving}
		m := Marker{rapid.SampledFrom(states).Draw(t, "state"), NewRun(), time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).UTC(), NewRun()}
		if gotOwn, got := splitDescription(joinDescription(own, m)); gotOwn != own || got != m {
			t.Errorf("%q and %+v become %q and %+v", own, m, gotOwn, got)
		}
	})
}

func TestCheckDescription(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{pending().String(), "x " + pending().String(), strings.Repeat("é", mostOwnText+1), "a\nb", "\xff"} {
		wantCode(t, CheckDescription(bad), winerr.InvalidParameter)
	}
	for _, good := range []string{"", "Web server", strings.Repeat("é", mostOwnText)} {
		if err := CheckDescription(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func FuzzSplitDescription(f *testing.F) {
	for _, text := range []string{"", "x", pending().String(), "x " + pending().String(), "offlinejoin/1 ", "offlinejoin/1 pending  Z image="} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		own, m := splitDescription(text)
		if joinDescription(own, m) != text {
			t.Errorf("%q is %q and %q", text, own, m)
		}
	})
}

// A marker of every state fits behind the longest description that passes.
func TestCheckRoom(t *testing.T) {
	t.Parallel()
	for _, state := range []MarkerState{MarkerPending, MarkerStaged, MarkerPrepared, MarkerFailed, MarkerRemoving} {
		if n := len(pending().With(state, time.Now()).String()); n > markerText {
			t.Errorf("a marker %s has %d characters", state, n)
		}
	}
	most := strings.Repeat("ü", mostText-1-markerText)
	if err := CheckRoom(&Account{Own: most}); err != nil {
		t.Error(err)
	}
	wantCode(t, CheckRoom(&Account{DN: "CN=WEB01", Own: most + "x"}), winerr.InvalidParameter, "CN=WEB01", "shorten it")
}
