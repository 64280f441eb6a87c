package options_test

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

func TestEveryWordIsDocumented(t *testing.T) {
	t.Parallel()
	for _, w := range options.Known() {
		t.Run(w.Name(), func(t *testing.T) {
			t.Parallel()
			doc := w.Doc()
			if !strings.HasSuffix(doc, ".") {
				t.Errorf("documentation %q is no sentence", doc)
			}
			for _, value := range append(w.Allowed(), w.Default()) {
				if value != "" && !strings.Contains(doc, "`"+value+"`") {
					t.Errorf("documentation %q does not tell of the value %s", doc, value)
				}
			}
			if w.Name() != strings.ToLower(w.Name()) || strings.Contains(w.Flag(), "_") {
				t.Errorf("name %q, flag %q: want lower case, and dashes in the flag", w.Name(), w.Flag())
			}
		})
	}
}

func TestAllowedIsACopy(t *testing.T) {
	t.Parallel()
	options.MethodWord.Allowed()[0] = "changed"
	if got := options.MethodWord.Allowed()[0]; got != "auto" {
		t.Errorf("Allowed()[0] = %q after a caller changed its copy, want auto", got)
	}
}

func TestSecretWords(t *testing.T) {
	t.Parallel()
	for _, w := range options.Known() {
		want := w == options.Blob || w == options.BlobWO
		if w.Secret() != want {
			t.Errorf("%s: Secret() = %v, want %v", w, w.Secret(), want)
		}
	}
}
