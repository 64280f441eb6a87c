package cli

import (
	"context"
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// statusOf tells what the images of a join file hold.
func (c *fleetCommand) statusOf(ctx context.Context, path string) error {
	joins, err := c.load(ctx, path)
	if err != nil {
		return err
	}
	r := c.run(ctx, fleet.Status, joins)
	c.showResults(r)
	return c.finish(r)
}

// unstageOf takes the joins of a join file back.
func (c *fleetCommand) unstageOf(ctx context.Context, path string) error {
	joins, err := c.load(ctx, path)
	if err != nil {
		return err
	}
	if !c.yes {
		if err := c.askToUnstage(ctx, joins); err != nil {
			return err
		}
	}
	r := c.run(ctx, fleet.Unstage, joins)
	c.showResults(r)
	return c.finish(r)
}

// askToUnstage shows what the images hold before it asks.
func (c *fleetCommand) askToUnstage(ctx context.Context, joins []joinfile.Join) error {
	if err := c.canAsk(); err != nil {
		return err
	}
	now := c.run(ctx, fleet.Status, joins)
	c.showResults(now)
	ours := 0
	for _, one := range now.Joins {
		if one.Status != nil && isOurs(one.Status.State) {
			ours++
		}
	}
	fmt.Fprintln(c.Out)
	return c.ask(ctx, fmt.Sprintf("Take back %s?", countOf(ours, "join")))
}

// isOurs reports whether an image holds a record of ours, which unstaging removes.
func isOurs(s offlinejoin.State) bool {
	return s == offlinejoin.StateStaged || s == offlinejoin.StateCompleted || s == offlinejoin.StateFailed
}
