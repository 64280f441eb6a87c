package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
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
