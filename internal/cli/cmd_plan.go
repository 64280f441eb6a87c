package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// detailedExitCode is the flag of plan, named as terraform names it.
const detailedExitCode = "detailed-exitcode"

func wantsDetailedExitCode(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--"+detailedExitCode) })
}

func (a *app) plan() *cobra.Command {
	c := &fleetCommand{app: a, action: fleet.Plan}
	var detailed bool
	cmd := &cobra.Command{
		Use:   "plan FILE|FOLDER",
		Short: "Show what the joins of a join file would change, image by image",
		Long: `Show what the joins of a join file would change, image by image.

A join file (*.join.hcl, or a folder of them) declares joins in HCL. Every check is made, and nothing is written.`,
		Example: `  offlinejoin plan fleet.join.hcl --var images=/mnt
  offlinejoin plan joins/ --detailed-exitcode --report plan.html`,
		Args: joinFileArgument,
		RunE: a.beginMany(func(ctx context.Context, args []string) error {
			defer c.domains.Close()
			joins, err := c.load(ctx, args[0])
			if err != nil {
				return err
			}
			r := c.run(ctx, fleet.Plan, joins)
			c.showPlan(r)
			if err := c.finish(r); err != nil {
				return err
			}
			if detailed && r.Count(offlinejoin.OutcomePlanned) > 0 {
				return errChanges
			}
			return nil
		}),
	}
	c.addFlags(cmd)
	c.addDetails(cmd)
	cmd.Flags().BoolVar(&detailed, detailedExitCode, false,
		"exit with 0 when there is nothing to do, 2 when there are changes, and 1 for any error")
	return cmd
}
