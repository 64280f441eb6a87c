package odj

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestMachineNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, refused, warning string }{
		{name: "WEB01"},
		{name: "web-01"},
		{name: "A"},
		{name: "123456789012345X", refused: "has 16 characters"},
		{name: "12345678901234X"},
		{name: "", refused: "empty"},
		{name: `A\B`, refused: "one of the characters"},
		{name: "A/B", refused: "one of the characters"},
		{name: "A:B", refused: "one of the characters"},
		{name: "A*", refused: "one of the characters"},
		{name: "A?", refused: "one of the characters"},
		{name: `A"`, refused: "one of the characters"},
		{name: "A<", refused: "one of the characters"},
		{name: "A>", refused: "one of the characters"},
		{name: "A|B", refused: "one of the characters"},
		{name: "A\x1b", refused: "control character"},
		{name: "A\u0085", refused: "control character"},
		{name: ".A", refused: "starts with a dot"},
		{name: "   ", refused: "blanks"},
		{name: "12345", refused: "digits"},
		{name: "A B", warning: "' '"},
		{name: "A.B", warning: "'.'"},
		{name: "A_B", warning: "'_'"},
		{name: "WEB01$", warning: "'$'"},
		{name: "BÜRO", warning: "'Ü'"},
		{name: "a,~!@#$%^&'(){}", warning: "','"},
		{name: "-A", warning: "hyphen"},
		{name: "A-", warning: "hyphen"},
		{name: strings.Repeat("🙂", 8), refused: "has 16 characters"},
	} {
		warnings, err := ValidateMachineName(c.name)
		if c.refused != "" {
			verdict(t, err, winerr.InvalidMachineNameForJoin, c.refused)
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.name, err)
		}
		one := len(warnings) == 1 && strings.Contains(warnings[0], c.warning)
		if c.warning == "" && len(warnings) > 0 || c.warning != "" && !one {
			t.Errorf("%q: warnings %q, want %q", c.name, warnings, c.warning)
		}
	}
}
