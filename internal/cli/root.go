package cli

import (
	"fmt"

	"github.com/spf13/cobra"
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

The machine comes up joined at its first boot, with no network and no domain credential there. A blob made by djoin
or Samba says what to join; the image is a mounted Windows directory.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetUsageTemplate(usageTemplate)
	cmd.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON instead of text: one document, or lines of JSON "+
		"where many images are worked on")
	cmd.AddCommand(
		a.inspect(),
		a.blob(),
		a.stage(),
		a.plan(),
		a.apply(),
		a.status(),
		a.unstage(),
		a.hive(),
		a.demo(),
		a.version(),
	)
	return cmd
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
		},
	}
	cmd.AddCommand(commands...)
	return cmd
}
