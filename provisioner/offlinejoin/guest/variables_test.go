package guest_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/offlinejoin/offlinejoin/provisioner/offlinejoin/guest"
)

var (
	psFunction = regexp.MustCompile(`(?ms)^function odj_(\w+)\(([^)]*)\) \{\n(.*?)\n\}$`)
	psVariable = regexp.MustCompile(`\$(\w+)`)
	psGiven    = regexp.MustCompile(`\$(\w+)\s*(?:[-+]?=[^=]|in\b)|\bfunction \w+\(\$(\w+)\)`)
)

// TestNoFunctionUsesWhatItIsNotGiven: PowerShell takes a variable that nobody has set for nothing, without a word, so that a
// file of which $most bytes are overwritten is not overwritten at all.
func TestNoFunctionUsesWhatItIsNotGiven(t *testing.T) {
	t.Parallel()
	found := psFunction.FindAllStringSubmatch(guest.WindowsLibrary(), -1)
	if len(found) < 10 {
		t.Fatalf("%d functions", len(found))
	}
	for _, f := range found {
		given := []string{"_", "true", "false", "null", "LASTEXITCODE", "all"} // $all is what was sent
		for _, p := range psVariable.FindAllStringSubmatch(f[2], -1) {
			given = append(given, p[1])
		}
		for _, p := range psGiven.FindAllStringSubmatch(f[3], -1) {
			given = append(given, p[1], p[2])
		}
		for _, used := range psVariable.FindAllStringSubmatch(f[3], -1) {
			if !slices.Contains(given, used[1]) {
				t.Errorf("odj_%s uses $%s", f[1], used[1])
			}
		}
	}
}
