package cli

import (
	"os"
	"path/filepath"
	"strings"
)

// matching returns the files that arguments name. With expand, an argument with * or ? in it that is no file itself is
// replaced by the files that it matches, as the shells of Windows leave that to the program. A pattern that nothing matches
// stays, so that a message names it.
func matching(args []string, expand bool) []string {
	if !expand {
		return args
	}
	var files []string
	for _, arg := range args {
		found := []string{arg}
		if _, err := os.Lstat(arg); err != nil && strings.ContainsAny(arg, "*?") {
			if matches, err := filepath.Glob(arg); err == nil && len(matches) > 0 {
				found = matches
			}
		}
		files = append(files, found...)
	}
	return files
}
