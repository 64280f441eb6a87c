package cli

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

// helpOf returns all that the help of a command, and of those below it, says.
func helpOf(t *testing.T, cmd *cobra.Command) string {
	t.Helper()
	var b strings.Builder
	cmd.SetOut(&b)
	if err := cmd.Help(); err != nil {
		t.Fatal(err)
	}
	for _, sub := range cmd.Commands() {
		b.WriteString(helpOf(t, sub))
	}
	return b.String()
}

// TestHelpNamesPathsOfTheSystem: on Windows no help says /mnt.
func TestHelpNamesPathsOfTheSystem(t *testing.T) {
	t.Parallel()
	if here := helpOf(t, Commands()); !strings.Contains(here, documentedPath) {
		t.Fatal("no help names a Windows directory: this test proves nothing")
	}
	root := Commands()
	showPaths(root, `D:\Windows`)
	there := helpOf(t, root)
	if strings.Contains(there, documentedPath) || strings.Count(there, `D:\Windows`) < 5 {
		t.Errorf("the help still says %s, or D:\\Windows only %d times", documentedPath, strings.Count(there, `D:\Windows`))
	}
}

// TestHelpNamesOptionsAsTyped: the documentation of options has the words of HCL, and help those of the command line.
func TestHelpNamesOptionsAsTyped(t *testing.T) {
	t.Parallel()
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if typed := options.AsFlags(f.Usage); f.Usage != typed {
				t.Errorf("--%s of %s: %q, want %q", f.Name, cmd.CommandPath(), f.Usage, typed)
			}
		})
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(Commands())
}

// TestHelpIsNotTooWide: what help says of a command is broken into lines by hand, at the end of a page.
func TestHelpIsNotTooWide(t *testing.T) {
	t.Parallel()
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		lines := strings.Split(cmd.Long, "\n")
		for i, line := range lines {
			if n := utf8.RuneCountInString(line); n > 120 {
				t.Errorf("%s: %d signs: %s", cmd.CommandPath(), n, line)
			}
			if !strings.ContainsAny(line, " ") && i > 0 && i+1 < len(lines) && line != "" && lines[i-1] != "" && lines[i+1] != "" {
				t.Errorf("%s: a word alone: %s", cmd.CommandPath(), line)
			}
		}
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(Commands())
}
