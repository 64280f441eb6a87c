package options

import (
	"strings"

	"github.com/agext/levenshtein"
)

// Nearest returns the known name that a word was most likely meant to be, whatever its case, and "" when none is near.
func Nearest(word string, known []string) string {
	best, nearest := "", 3
	for _, name := range known {
		if d := levenshtein.Distance(strings.ToLower(word), strings.ToLower(name), nil); d < nearest && d < len(name) {
			best, nearest = name, d
		}
	}
	return best
}
