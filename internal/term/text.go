package term

import "fmt"

// Count returns a number with its noun: "1 key", "9 keys".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Shorten cuts a line to a width in runes, with an ellipsis in the last place, for a line that wraps cannot be redrawn.
func Shorten(line string, width int) string {
	runes := []rune(line)
	if len(runes) <= width {
		return line
	}
	return string(runes[:max(width-1, 0)]) + "…"
}
