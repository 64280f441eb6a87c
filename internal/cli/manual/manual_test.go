package manual_test

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/cli/manual"
)

// TestPagesSayWhatFlagsTake: as --help does, and no page has an equals sign with nothing behind it.
func TestPagesSayWhatFlagsTake(t *testing.T) {
	t.Parallel()
	pages, err := manual.Pages("0.0.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, p := range pages {
		texts[strings.TrimSuffix(p.Name, ".1")] = string(p.Text)
	}
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		text := texts[strings.ReplaceAll(cmd.CommandPath(), " ", "-")]
		if strings.Contains(text, `\fP=`) || strings.Contains(text, `\fP[=`) {
			t.Errorf("the page of %s shows defaults behind equals signs", cmd.CommandPath())
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			kind, _ := pflag.UnquoteUsage(f)
			want := `\fB--` + f.Name + `\fP`
			if kind != "" {
				want += ` \fI` + kind + `\fP`
			}
			if !f.Hidden && !strings.Contains(text, want+"\n") {
				t.Errorf("the page of %s has no line %s", cmd.CommandPath(), want)
			}
			if kind != strings.ToUpper(kind) && kind != "NAME,..." {
				t.Errorf("--%s of %s takes %q: write it in capitals", f.Name, cmd.CommandPath(), kind)
			}
		})
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				check(sub)
			}
		}
	}
	check(cli.Commands())
}
