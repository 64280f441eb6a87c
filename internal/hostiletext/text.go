package hostiletext

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// forged is what a line begins with that a hostile text has broken off.
const forged = "FORGED"

// tail is what every hostile text ends with: it sets the terminal's title, begins a line of its own, turns the colour red
// by a C1 control, and shows the rest from right to left.
const tail = "\x1b]0;owned\x07\r\n" + forged + "\u009b31m\u202ez\u2066\u2028\x7f"

// In returns a hostile text for a place. It begins with the place's name, by which a test finds that it was shown.
func In(place string) string { return place + tail }

// Path is [In] for a name in a path: without line breaks, as a value that has one is taken for the content of a file and is
// not shown at all.
func Path(place string) string {
	return strings.NewReplacer("\r", "", "\n", "", "/", "").Replace(In(place))
}

// Terminal returns what in a text for people acts on a terminal or forges a line, and nil when nothing does. Line feeds and
// tabs are the text's own.
func Terminal(text string) []string {
	var found []string
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case strings.HasPrefix(strings.TrimLeft(line, " \t"), forged):
			found = append(found, fmt.Sprintf("a forged line: %q", line))
		case !plaintext.Safe(strings.ReplaceAll(line, "\t", "")):
			found = append(found, fmt.Sprintf("%q", line))
		}
	}
	return found
}

// JSON returns the strings in documents, names too, that are not plain once they are decoded. Text that is no JSON, and no
// document at all, is found, too. Strings for which skip reports true are left out, by the names that lead to them, such
// as "keys.path"; nil skips nothing.
func JSON(documents []byte, skip func(at string) bool) []string {
	var found []string
	decoder := json.NewDecoder(bytes.NewReader(documents))
	decoder.UseNumber()
	for n := 0; ; n++ {
		var document any
		err := decoder.Decode(&document)
		switch {
		case errors.Is(err, io.EOF) && n > 0:
			return found
		case err != nil:
			return append(found, fmt.Sprintf("document %d is no JSON: %v", n, err))
		}
		found = append(found, inValue("", document, skip)...)
	}
}

func inValue(at string, value any, skip func(string) bool) []string {
	var found []string
	switch v := value.(type) {
	case string:
		if !plaintext.Safe(v) && (skip == nil || !skip(at)) {
			found = append(found, fmt.Sprintf("%s: %q", at, v))
		}
	case []any:
		for _, one := range v {
			found = append(found, inValue(at, one, skip)...)
		}
	case map[string]any:
		for name, one := range v {
			found = append(found, inValue(at, name, skip)...)
			found = append(found, inValue(strings.TrimPrefix(at+"."+name, "."), one, skip)...)
		}
		slices.Sort(found)
	}
	return found
}
