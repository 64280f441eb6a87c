package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

// Commands returns the definitions of all commands, for documentation.
func Commands() *cobra.Command {
	root := (&app{}).root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

func (a *app) root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "offlinejoin",
		Short: "Stage an Active Directory offline join into a Windows image that is not running",
		Long: `Stage an Active Directory offline join into a Windows image that is not running.

The machine comes up joined at its first boot, with no network and no domain credential there. What to join comes from
the domain itself (join makes the account and stages it in one), or from a blob made by provision, djoin or Samba; the
image is a mounted Windows directory or a disk image.

Exit codes: 0 when all went well; 1 when something was refused or failed, was interrupted, or was not confirmed; 75
when all that failed may pass by itself, such as an image that somebody else changes, or a domain that does not
answer; 2 when the command line is wrong. Of plan --detailed-exitcode: 0 nothing to do, 1 an error, 2 changes.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		Version:       version.String(),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetUsageTemplate(usageTemplate)
	cmd.SetVersionTemplate("offlinejoin {{.Version}}\n")
	cmd.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON instead of text: one document, or lines of JSON "+
		"where many images are worked on")
	cmd.SetHelpCommand(helpOn(cmd))
	cmd.AddCommand(
		a.inspect(),
		a.blob(),
		a.join(),
		a.provision(),
		a.account(),
		a.stage(),
		a.plan(),
		a.apply(),
		a.status(),
		a.unstage(),
		a.ledger(),
		a.hive(),
		a.demo(),
		a.version(),
	)
	cmd.SetOut(a.Out) // which the commands of the shells take up here
	cmd.InitDefaultCompletionCmd()
	shells, _, err := cmd.Find([]string{"completion"})
	if err != nil {
		panic(err) // it was added one line above
	}
	onlyGroup(shells)
	return cmd
}

// helpOn returns the command help, which refuses what is no command.
func helpOn(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Show what a command is for, and its flags",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := root.Find(args)
			if err == nil && len(rest) > 0 {
				err = fmt.Errorf("unknown command %q for %q", rest[0], found.CommandPath())
			}
			if err != nil {
				return err
			}
			found.InitDefaultHelpFlag() // so that it is shown, too
			return found.Help()
		},
	}
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short}
	onlyGroup(cmd)
	cmd.AddCommand(commands...)
	return cmd
}

// onlyGroup lets a command that only holds others show its help, and refuse what is none of them.
func onlyGroup(cmd *cobra.Command) {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
	}
}

// checkedFlag is a flag whose value is checked by set while the command line is parsed, so that a wrong word is a usage error.
type checkedFlag struct {
	set         func(string) error
	shown, kind string
}

func (t *checkedFlag) String() string { return t.shown }
func (t *checkedFlag) Type() string   { return t.kind }

func (t *checkedFlag) Set(s string) error {
	if err := t.set(s); err != nil {
		return err
	}
	t.shown = s
	return nil
}

// optionFlag adds the flag of an option; kind is what its help calls the value, such as PATH.
func optionFlag(cmd *cobra.Command, name options.Name, kind string, set func(string) error) {
	cmd.Flags().Var(&checkedFlag{set: set, kind: kind}, name.Flag(), doc(name)) // the documentation names the default
	if err := cmd.RegisterFlagCompletionFunc(name.Flag(), completeOption(name)); err != nil {
		panic(err) // the flag was added one line above
	}
}

// completeOption lets the shell offer the values of an option: its words, folders for a Windows directory, files for
// what names a file, nothing for a name.
func completeOption(name options.Name) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		switch {
		case len(name.Allowed()) > 0:
			return name.Allowed(), cobra.ShellCompDirectiveNoFileComp
		case name == options.WindowsPath:
			return nil, cobra.ShellCompDirectiveFilterDirs
		case strings.HasSuffix(name.String(), "_file"), strings.HasSuffix(name.String(), "_path"), name == options.Backup,
			name == options.CompletionProgram:
			return nil, cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// required is optionFlag for a flag that must be given.
func required(cmd *cobra.Command, name options.Name, kind string, set func(string) error) {
	optionFlag(cmd, name, kind, set)
	if err := cmd.MarkFlagRequired(name.Flag()); err != nil {
		panic(err) // the flag was added one line above
	}
}

// setString sets *p; any value will do.
func setString(p *string) func(string) error {
	return func(s string) error {
		*p = s
		return nil
	}
}

// documentedPath is the Windows directory that the help of the commands names.
const documentedPath = "/mnt/web01/Windows"

// showPaths has the help of a command, and of those below it, name a Windows directory as the system that it runs on does.
func showPaths(cmd *cobra.Command, example string) {
	name := func(text *string) { *text = strings.ReplaceAll(*text, documentedPath, example) }
	name(&cmd.Long)
	name(&cmd.Example)
	cmd.Flags().VisitAll(func(f *pflag.Flag) { name(&f.Usage) })
	for _, sub := range cmd.Commands() {
		showPaths(sub, example)
	}
}

// doc turns an option's documentation, which is markdown for HCL, into a flag's: pflag gives backquotes another meaning.
func doc(name options.Name) string { return options.AsFlags(strings.ReplaceAll(name.Doc(), "`", "")) }

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
