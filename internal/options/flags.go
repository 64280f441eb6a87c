package options

import (
	"regexp"
	"strings"
)

// setting is an option with a value as messages write it, which is HCL: on_existing = "replace".
var setting = regexp.MustCompile(`\b(set )?([a-z]+(?:_[a-z]+)*) = "([a-z0-9_/.-]+)"`)

// AsFlags returns a message with the settings in it as the command line has them: on_existing = "replace" becomes
// --on-existing replace. What is not an option stays as it is.
func AsFlags(message string) string {
	return setting.ReplaceAllStringFunc(message, func(s string) string {
		parts := setting.FindStringSubmatch(s)
		name := Name(parts[2])
		if name.Doc() == "" {
			return s
		}
		give := ""
		if parts[1] != "" {
			give = "give "
		}
		return give + "--" + name.Flag() + " " + strings.TrimSpace(parts[3])
	})
}
