package options_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

func TestFacts(t *testing.T) {
	t.Parallel()
	t.Run("blob", func(t *testing.T) {
		t.Parallel()
		checkFacts(t, options.BlobFacts(), offlinejoin.BlobFacts{})
	})
	t.Run("image", func(t *testing.T) {
		t.Parallel()
		checkFacts(t, options.ImageFacts(), offlinejoin.Status{State: offlinejoin.StateFailed, Result: 2},
			".Image.WindowsPath", // the user has given it
			".Image.Phase",       // of the command line only
			".Program",           // Detail says it
			".Owner",             // of Terraform's own
		)
	})
	t.Run("ledger", func(t *testing.T) {
		t.Parallel()
		checkFacts(t, options.LedgerFacts(), offlinejoin.LedgerEntry{At: time.Unix(0, 0)},
			".Place", // of the ledger itself
		)
	})
}

// checkFacts wants every fact named once, documented and read from another field of T, and every field of T that holds
// text read by a fact, unless it is left out on purpose.
func checkFacts[T any](t *testing.T, facts []options.Fact[T], filled T, leftOut ...string) {
	t.Helper()
	texts := map[string]bool{}
	fill(reflect.ValueOf(&filled).Elem(), "", texts)
	for _, field := range leftOut {
		if !texts[field] {
			t.Errorf("%s is left out, but there is no such field", field)
		}
		delete(texts, field)
	}
	names, values := map[options.Name]bool{}, map[string]bool{}
	for _, fact := range facts {
		value := fact.Read(filled)
		if names[fact.Name] || values[value] || value == "" {
			t.Errorf("%s is there twice, or reads %q as another does", fact.Name, value)
		}
		names[fact.Name], values[value] = true, true
		delete(texts, value)
		if !strings.HasSuffix(fact.Doc, ".") {
			t.Errorf("documentation %q of %s is no sentence", fact.Doc, fact.Name)
		}
		var nothing T
		if got := fact.Read(nothing); got != "" {
			t.Errorf("%s of nothing is %q", fact.Name, got)
		}
	}
	for field := range texts {
		t.Errorf("no fact reads %s", field)
	}
}

// fill gives every empty text in a struct the name of its field as its value.
func fill(v reflect.Value, name string, texts map[string]bool) {
	for i := range v.NumField() {
		field, name := v.Field(i), name+"."+v.Type().Field(i).Name
		switch {
		case !field.CanSet(), field.Type() == reflect.TypeFor[time.Time]():
		case field.Kind() == reflect.Struct:
			fill(field, name, texts)
		case field.Kind() == reflect.String && field.Len() == 0:
			field.SetString(name)
			texts[name] = true
		}
	}
}

func TestStagedFactsAreOfOneTable(t *testing.T) {
	t.Parallel()
	images := map[options.Name]bool{}
	for _, fact := range options.ImageFacts() {
		images[fact.Name] = fact.Staged
	}
	for _, fact := range options.BlobFacts() {
		if fact.Staged && images[fact.Name] {
			t.Errorf("the resource would read %s from the blob and from the image", fact.Name)
		}
	}
}

func TestResultOfTheFirstBoot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status offlinejoin.Status
		want   string
	}{
		{offlinejoin.Status{State: offlinejoin.StateAbsent}, ""},
		{offlinejoin.Status{State: offlinejoin.StateStaged}, ""},
		{offlinejoin.Status{State: offlinejoin.StateStaged, Result: 5}, ""},
		{offlinejoin.Status{State: offlinejoin.StateStaged, Attempts: 1}, ""},
		{offlinejoin.Status{State: offlinejoin.StateStaged, Attempts: 1, Result: 5}, "5 ERROR_ACCESS_DENIED"},
		{offlinejoin.Status{State: offlinejoin.StateCompleted}, "0 NERR_Success"},
		{offlinejoin.Status{State: offlinejoin.StateFailed, Result: 5}, "5 ERROR_ACCESS_DENIED"},
		{offlinejoin.Status{State: offlinejoin.StateJoined}, ""},
	} {
		t.Run(fmt.Sprintf("%s %d %d", c.status.State, c.status.Attempts, c.status.Result), func(t *testing.T) {
			t.Parallel()
			for _, fact := range options.ImageFacts() {
				if got := fact.Read(c.status); fact.Name == "result" && got != c.want {
					t.Errorf("result is %q, want %q", got, c.want)
				}
			}
		})
	}
}
