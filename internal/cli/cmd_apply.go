package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/term"
)

func (a *app) apply() *cobra.Command {
	c := &fleetCommand{app: a, action: fleet.Apply}
	cmd := &cobra.Command{
		Use:   "apply FILE|FOLDER",
		Short: "Stage the joins of a join file into their images",
		Long: `Stage the joins of a join file into their images.

The plan is shown first, and asked about unless --yes is given. Images are worked on side by side; one that fails does
not stop the others. Ctrl-C finishes the images in hand; every image is left old or new. The same command again goes on
where it stopped: what is staged already is not written again.`,
		Example: `  offlinejoin apply fleet.join.hcl
  offlinejoin apply joins/ --yes --parallel 4 --report report.html`,
		Args: func(cmd *cobra.Command, args []string) error {
			if c.yes {
				if err := refuseFlags(cmd, "is about the plan that is shown before it is asked, and --yes shows none: leave one of them out, "+
					"or run plan --details first", "details"); err != nil {
					return err
				}
			}
			return joinFileArgument(cmd, args)
		},
		RunE: a.beginMany(func(ctx context.Context, args []string) error {
			defer c.domains.Close()
			joins, err := c.load(ctx, args[0])
			if err != nil {
				return err
			}
			if !c.yes {
				return c.askAndApply(ctx, joins)
			}
			return c.applied(c.run(ctx, fleet.Apply, joins))
		}),
	}
	c.addFlags(cmd)
	c.addDetails(cmd)
	c.addYes(cmd)
	return cmd
}

// askAndApply shows the plan, and carries out what it has found to do when the user agrees, with the very blobs that were
// planned with.
func (c *fleetCommand) askAndApply(ctx context.Context, joins []joinfile.Join) error {
	if err := c.canAsk(); err != nil {
		return err
	}
	defer fleet.Wipe(joins)
	c.keep = true
	planned := c.run(ctx, fleet.Plan, joins)
	c.keep = false
	c.showPlan(planned)
	todo, at := pick(planned, joins, offlinejoin.OutcomePlanned)
	if len(todo) == 0 || planned.Interrupted {
		return c.finish(planned)
	}
	fmt.Fprintln(c.Out)
	if err := c.ask(ctx, fmt.Sprintf("Stage %s?", term.Count(len(todo), "join", "joins"))); err != nil {
		return err
	}
	done := c.run(ctx, fleet.Apply, todo)
	return c.applied(merge(planned, done, at))
}

func (c *fleetCommand) applied(r *fleet.Report) error {
	c.showResults(r)
	return c.finish(r)
}

// pick returns the joins whose results have an outcome, and their places in the report.
func pick(r *fleet.Report, joins []joinfile.Join, o fleet.Outcome) (picked []joinfile.Join, at []int) {
	for i := range joins {
		if r.Joins[i].Outcome == o {
			picked, at = append(picked, joins[i]), append(at, i)
		}
	}
	return picked, at
}

// merge puts the results of a later run in their places among those of an earlier one.
func merge(earlier, later *fleet.Report, at []int) *fleet.Report {
	merged := *later
	merged.StartedAt = earlier.StartedAt
	merged.Joins = earlier.Joins
	for i, place := range at {
		merged.Joins[place] = later.Joins[i]
	}
	merged.Recount()
	return &merged
}
