package answerfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/canary"
)

// TestNothingTellsASecret searches everything that is meant for people or for the registry: errors, changes, warnings,
// records, notes. The secrets are the account data, new and old, and the passwords of the file.
func TestNothingTellsASecret(t *testing.T) {
	t.Parallel()
	search := secrets().And(canary.For(map[string][]byte{
		"the other account data": otherAccountData(), "the password": []byte("canary-Pa55-of-the-joiner"),
		"the local password": []byte("UABhAHMAcwB3AG8AcgBkAA=="),
	}))
	if search.In(accountData()) == nil || search.In([]byte(credentials)) == nil || search.In([]byte(oobe)) == nil {
		t.Fatal("the search is blind")
	}
	quiet := func(what string, v any) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
			if found := search.In(fmt.Appendf(nil, verb, v)); found != nil {
				t.Errorf("%s with %s shows %q", what, verb, found)
			}
		}
	}
	for _, s := range shapes() {
		for _, replace := range []bool{false, true} {
			o := s.options
			o.Replace = replace
			edit, err := Plan(s.content, s.webJoin(), o)
			if err != nil {
				quiet(s.name+": error", err)
				continue
			}
			quiet(s.name+": changes", edit.Changes)
			quiet(s.name+": warnings", edit.Warnings)
			quiet(s.name+": undo", edit.Undo)
			quiet(s.name+": record", (&Record{Name: "x", Undo: edit.Undo}).Text())
			if edit.Unchanged() {
				continue
			}
			changed := strings.Replace(string(edit.Content), "</AccountData>", " </AccountData>", 1)
			if removal, err := Remove([]byte(changed), edit.Undo); err == nil {
				quiet(s.name+": notes", removal.Notes)
			}
		}
	}
}

// TestBrokenSecretsAreNotQuoted breaks the text right inside of secrets: what the XML reader says of that may quote
// them.
func TestBrokenSecretsAreNotQuoted(t *testing.T) {
	t.Parallel()
	search := canary.For(map[string][]byte{"the password": []byte("canary-Pa55-of-the-joiner")})
	for _, broken := range []string{
		"<Password>&canary-Pa55-of-the-joiner;</Password>", "<Password>&canary-Pa55-of-the-joiner</Password>",
		"<canary-Pa55-of-the-joiner>", "<a canary-Pa55-of-the-joiner>", "<a b=canary-Pa55-of-the-joiner>",
		"</canary-Pa55-of-the-joiner>",
		"<?xml canary-Pa55-of-the-joiner?>", "<![canary-Pa55-of-the-joiner[", "<!canary-Pa55-of-the-joiner>",
		"<canary-Pa55-of-the-joiner:a/>",
		"canary-Pa55-of-the-joiner ]]>", "<a canary-Pa55-of-the-joiner='' canary-Pa55-of-the-joiner=''/>",
	} {
		_, err := Plan([]byte(head+broken+tail), webJoin(), Options{})
		if err == nil {
			t.Errorf("%q is not refused", broken)
			continue
		}
		if found := search.In([]byte(fmt.Sprintf("%v %#v", err, err))); found != nil {
			t.Errorf("%q: the error tells %q: %v", broken, found, err)
		}
	}
}
