package options

import (
	"regexp"
	"slices"
	"strings"
)

// setting is an option with a value as messages write it, which is HCL: on_existing = "replace", replace_live = true.
var setting = regexp.MustCompile(`\b(set )?([a-z]+(?:_[a-z]+)*) = (?:"([A-Za-z0-9_/.-]+)"|true\b)`)

// AsFlags returns a message with the options in it as the command line has them: on_existing = "replace" becomes
// --on-existing replace, replace_live = true becomes --account-replace-live, and ledger_file --ledger-file. What is not an
// option, or one whose name is an ordinary word, stays as it is; in a list that begins a sentence about options, such as "ledger and
// ledger_file are both there", ordinary words are options, too.
func AsFlags(message string) string {
	return bareAsFlags(settingsAsFlags(listAsFlags(message)))
}

// list is what messages about several options begin with, and word is one word of it.
var (
	list = regexp.MustCompile(`^[a-z_]+(?:(?:, | and )[a-z_]+)+ are `)
	word = regexp.MustCompile(`[a-z_]+`)
)

// listAsFlags turns the names that a message begins with into flags where all of them are options.
func listAsFlags(message string) string {
	begin, known := list.FindString(message), true
	flags := word.ReplaceAllStringFunc(begin, func(w string) string {
		if w == "and" || w == "are" {
			return w
		}
		name := named(w, "")
		known = known && name != ""
		return "--" + name.Flag()
	})
	if !known {
		return message
	}
	return flags + message[len(begin):]
}

func settingsAsFlags(message string) string {
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

// bare is a name that no ordinary word is, with what stands before and after it.
var bare = regexp.MustCompile(`[^\s,;:()"]*\b[a-z]+(?:_[a-z]+)+\b[^\s,;:()"]*`)

// bareAsFlags turns names of options that stand alone into flags. A part of a path, a quoted word and expect.domain are none.
func bareAsFlags(message string) string {
	return bare.ReplaceAllStringFunc(message, func(s string) string {
		word := strings.TrimRight(s, ".")
		if name := named(word, ""); name != "" {
			return "--" + name.Flag() + s[len(word):]
		}
		return s
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
