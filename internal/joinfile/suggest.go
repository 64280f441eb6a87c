package joinfile

import (
	"fmt"

	"github.com/agext/levenshtein"
)

// didYouMean returns ` Did you mean "x"?` with the nearest of the known names, and "" when none is near.
func didYouMean(given string, known []string) string {
	best, nearest := "", 3
	for _, name := range known {
		if d := levenshtein.Distance(given, name, nil); d < nearest && d < len(name) {
			best, nearest = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", best)
}
