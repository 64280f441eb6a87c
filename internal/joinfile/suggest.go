package joinfile

import (
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

// didYouMean returns ` Did you mean "x"?` with the nearest of the known names, and "" when none is near.
func didYouMean(given string, known []string) string {
	best := options.Nearest(given, known)
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", best)
}
