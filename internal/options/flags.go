package options

import (
	"regexp"
	"slices"
	"strings"
)

// setting is an option with a value as messages write it, which is HCL: on_existing = "replace", replace_live = true.
var setting = regexp.MustCompile(`\b(set )?([a-z]+(?:_[a-z]+)*) = (?:"([a-z0-9_/.-]+)"|true\b)`)

// AsFlags returns a message with the settings in it as the command line has them: on_existing = "replace" becomes
// --on-existing replace, and replace_live = true becomes --account-replace-live. What is not an option stays as it is.
func AsFlags(message string) string {
	return setting.ReplaceAllStringFunc(message, func(s string) string {
		parts := setting.FindStringSubmatch(s)
		name := named(parts[2], parts[3])
		if name == "" {
			return s
		}
		give := ""
		if parts[1] != "" {
			give = "give "
		}
		return give + strings.TrimSpace("--"+name.Flag()+" "+parts[3])
	})
}

// named returns the option that a word of a message is: of two with one word, such as reuse, the one that takes the value.
func named(word, value string) Name {
	takes := func(n Name) bool { return value == "" || n.Allowed() == nil || slices.Contains(n.Allowed(), value) }
	if n := Name(word); n.Doc() != "" && takes(n) {
		return n
	}
	for n := range catalogue {
		if n.String() == word && takes(n) {
			return n
		}
	}
	return ""
}
