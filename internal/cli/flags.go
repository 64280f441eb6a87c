package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

// text is a flag whose value is checked by set while the command line is parsed, so that a wrong word is a usage error.
type text struct {
	set         func(string) error
	shown, kind string
}

func (t *text) String() string { return t.shown }
func (t *text) Type() string   { return t.kind }

func (t *text) Set(s string) error {
	if err := t.set(s); err != nil {
		return err
	}
	t.shown = s
	return nil
}

// word adds the flag of one of the user's words; kind is what its help calls the value, such as PATH.
func word(cmd *cobra.Command, w options.Word, kind string, set func(string) error) {
	cmd.Flags().Var(&text{set: set, kind: kind}, w.Flag(), doc(w)) // the documentation names the default
}

// required is word for a flag that must be given.
func required(cmd *cobra.Command, w options.Word, kind string, set func(string) error) {
	word(cmd, w, kind, set)
	if err := cmd.MarkFlagRequired(w.Flag()); err != nil {
		panic(err) // the flag was added one line above
	}
}

// into sets *p; any value will do.
func into(p *string) func(string) error {
	return func(s string) error {
		*p = s
		return nil
	}
}

// doc turns a word's documentation, which is markdown for HCL, into a flag's: pflag gives backquotes another meaning.
func doc(w options.Word) string { return strings.ReplaceAll(w.Doc(), "`", "") }

// usageTemplate is cobra's own, but wraps the flags' texts to the width of a page.
const usageTemplate = `Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} [command]{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 100 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsagesWrapped 100 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

Help on a command: {{.CommandPath}} [command] --help{{end}}
`
