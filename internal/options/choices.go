package options

import (
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Method turns the word of option method into the core's type; the empty word is the default. The error lists what is
// allowed (87).
func Method(word string) (offlinejoin.Method, error) {
	chosen, err := choose(MethodWord, word)
	return offlinejoin.Method(chosen), err
}

// OnExisting turns the word of option on_existing into the core's type; the empty word is the default. The error lists
// what is allowed (87).
func OnExisting(word string) (offlinejoin.OnExisting, error) {
	chosen, err := choose(Existing, word)
	return offlinejoin.OnExisting(chosen), err
}

func choose(option Word, word string) (string, error) {
	if word == "" {
		return option.Default(), nil
	}
	if allowed := option.Allowed(); !slices.Contains(allowed, word) {
		return "", winerr.Errorf(winerr.InvalidParameter, "%s = %q is not known: use %s", option, word, oneOf(allowed))
	}
	return word, nil
}

// oneOf returns `"a", "b" or "c"`.
func oneOf(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = `"` + v + `"`
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}
