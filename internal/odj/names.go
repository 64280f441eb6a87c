package odj

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// maxMachineName is the length of a NetBIOS name without its type byte.
const maxMachineName = 15

// notInNetBIOS are the characters that no computer name may have (documented: naming conventions in Active Directory).
const notInNetBIOS = `\/:*?"<>|`

// ValidateMachineName checks a computer name, without "$", by the rules that Microsoft documents. The error is a
// [*winerr.Error] 2724 NERR_InvalidMachineNameForJoin; the warnings are about names that are legal but make no DNS host
// name.
func ValidateMachineName(name string) (warnings []string, err error) {
	if why := illegal(name); why != "" {
		return nil, winerr.Errorf(winerr.InvalidMachineNameForJoin,
			"the machine name %q is not valid: %s; choose another name and make the blob for that", name, why)
	}
	for _, char := range name {
		if !isHostChar(char) {
			warnings = append(warnings, fmt.Sprintf(
				"the machine name %q holds the character %q, which a DNS host name cannot have", name, char))
			break
		}
	}
	if strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-") {
		warnings = append(warnings, fmt.Sprintf(
			"the machine name %q starts or ends with a hyphen, which a DNS host name cannot", name))
	}
	return warnings, nil
}

// illegal returns the rule that name breaks, and "" for a legal name.
func illegal(name string) string {
	switch length := len(utf16.Encode([]rune(name))); {
	case length == 0:
		return "it is empty"
	case length > maxMachineName:
		return fmt.Sprintf("it has %d characters, and %d are allowed", length, maxMachineName)
	case strings.ContainsAny(name, notInNetBIOS):
		return "it holds one of the characters " + notInNetBIOS
	case strings.ContainsFunc(name, unicode.IsControl):
		return "it holds a control character"
	case strings.HasPrefix(name, "."):
		return "it starts with a dot"
	case strings.Trim(name, " ") == "":
		return "it consists of blanks"
	case strings.Trim(name, "0123456789") == "":
		return "it consists of digits"
	}
	return ""
}

func isHostChar(char rune) bool {
	switch {
	case char >= 'a' && char <= 'z', char >= 'A' && char <= 'Z', char >= '0' && char <= '9':
		return true
	}
	return char == '-'
}
