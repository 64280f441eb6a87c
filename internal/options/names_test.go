package options_test

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

func TestEveryNameIsDocumented(t *testing.T) {
	t.Parallel()
	for _, name := range options.Known() {
		t.Run(name.String(), func(t *testing.T) {
			t.Parallel()
			doc := name.Doc()
			if !strings.HasSuffix(doc, ".") {
				t.Errorf("documentation %q is no sentence", doc)
			}
			for _, value := range append(name.Allowed(), name.Default()) {
				if value != "" && !strings.Contains(doc, "`"+value+"`") {
					t.Errorf("documentation %q does not tell of the value %s", doc, value)
				}
			}
			if name.String() != strings.ToLower(name.String()) || strings.Contains(name.Flag(), "_") {
				t.Errorf("name %q, flag %q: want lower case, and dashes in the flag", name.String(), name.Flag())
			}
		})
	}
}

func TestAllowedIsACopy(t *testing.T) {
	t.Parallel()
	options.MethodName.Allowed()[0] = "changed"
	if got := options.MethodName.Allowed()[0]; got != "auto" {
		t.Errorf("Allowed()[0] = %q after a caller changed its copy, want auto", got)
	}
}

func TestSecretNames(t *testing.T) {
	t.Parallel()
	for _, name := range options.Known() {
		want := name == options.Blob || name == options.BlobWO || name == options.ADPassword
		if name.Secret() != want {
			t.Errorf("%s: Secret() = %v, want %v", name, name.Secret(), want)
		}
	}
}
