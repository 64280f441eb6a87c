package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/report"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/version"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// fleetCommand is one command on join files: what the user asked, and what is shared while it runs.
type fleetCommand struct {
	*app
	action   fleet.Action
	vars     []joinfile.Var
	parallel int
	failFast bool
	yes      bool
	details  bool // every change of every join is shown
	reports  []string
	keep     bool   // the blobs, for the run that follows; see fleet.Run
	source   string // the join file or folder

	domains    fleet.Domains // that accounts are made in, for all runs of the command
	accountEnd offlinejoin.AccountEnd
}

// addFlags adds the flags of every command on join files.
func (c *fleetCommand) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(&checkedFlag{kind: "NAME=VALUE", set: func(s string) error {
		if name, _, assigned := strings.Cut(s, "="); !assigned || strings.TrimSpace(name) == "" {
			return fmt.Errorf("write NAME=VALUE")
		}
		c.vars = append(c.vars, joinfile.Var{Assign: s})
		return nil
	}}, "var", "set a variable of the join file; can be given several times, later ones win")
	flags.Var(&checkedFlag{kind: "FILE", set: func(s string) error {
		if _, err := os.Stat(s); errors.Is(err, fs.ErrNotExist) {
			return errors.New("it does not exist: check the path")
		} else if err != nil {
			return err
		}
		c.vars = append(c.vars, joinfile.Var{File: s})
		return nil
	}}, "var-file", "set variables from a file of NAME = VALUE lines, or of one JSON object when it ends in .json")
	flags.Var(&checkedFlag{kind: "FILE", set: func(s string) error {
		for _, other := range c.reports {
			if filepath.Clean(other) == filepath.Clean(s) {
				return fmt.Errorf("it is given twice")
			}
		}
		c.reports = append(c.reports, s)
		return report.CheckName(s)
	}}, "report", "write what became of every join to FILE: JSON when it ends in .json, a page to look at when in .html; "+
		"can be given several times")
	flags.Var(&checkedFlag{kind: "N", set: func(s string) error {
		var err error
		if c.parallel, err = strconv.Atoi(s); err != nil || c.parallel < 1 || c.parallel > maxParallel {
			return fmt.Errorf("write a number from 1 to %d", maxParallel)
		}
		return nil
	}}, "parallel", "how many images to work on at a time (default: one for each CPU)")
	flags.BoolVar(&c.failFast, "fail-fast", false, "begin no further image after one has failed")
	cmd.ValidArgsFunction = completeJoinFiles
}

// fleetFlags are the flags of addFlags.
func fleetFlags() []string { return []string{"var", "var-file", "report", "parallel", "fail-fast"} }

// addDetails adds the flag of the commands that show a plan.
func (c *fleetCommand) addDetails(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.details, "details", false, "show every change of every join; of one join they are always shown")
}

// maxParallel bounds --parallel: each image takes memory and file handles.
const maxParallel = 64

// addYes adds the flag of the commands that ask before they write.
func (c *fleetCommand) addYes(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&c.yes, "yes", "y", false, "do not ask before writing")
}

// completeJoinFiles lets the shell offer join files and folders.
func completeJoinFiles(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"hcl", "json"}, cobra.ShellCompDirectiveFilterFileExt
}

// load reads the join files, prints what is wrong with them, and refuses joins that cannot be meant together.
func (c *fleetCommand) load(ctx context.Context, path string) ([]joinfile.Join, error) {
	c.source, c.lines, c.doing = path, true, c.action
	ctx, stop := c.untilInterrupted(ctx)
	defer stop()
	declared, diagnostics := joinfile.Load(ctx, path, joinfile.Inputs{Environ: os.Environ(), Vars: c.vars})
	if err := c.showDiagnostics(diagnostics); err != nil {
		return nil, err
	}
	c.joins = len(declared.Joins)
	if err := c.checkPaths(declared.Joins); err != nil {
		return nil, untouched(err)
	}
	wrong := fleet.Check(ctx, c.action, declared.Joins)
	for _, err := range wrong {
		c.fail(untouched(err))
	}
	if len(wrong) > 0 {
		return nil, errReported
	}
	return declared.Joins, nil
}

// checkPaths refuses a report or ledger in place of a file of somebody's.
func (c *fleetCommand) checkPaths(joins []joinfile.Join) error {
	var used []options.Used
	for _, file := range c.reports {
		used = append(used, options.Used{Option: options.ReportFile, Path: file, As: "--report"})
	}
	for _, v := range c.vars {
		used = append(used, options.Used{Option: "--var-file", Path: v.File})
	}
	for i := range joins {
		used = append(used, joins[i].Used()...)
	}
	if err := options.CheckPaths(used...); err != nil {
		return errors.Unwrap(err) // the command line is right: the joins are not
	}
	for _, file := range c.reports {
		if err := options.CheckReport(file); err != nil { // which names the option that one join has
			code, _ := winerr.CodeOf(err)
			return winerr.Errorf(code, "%s", strings.Replace(winerr.MessageOf(err), options.ReportFile.String(), "--report", 1))
		}
	}
	return nil
}

// run carries joins out with progress for people or programs.
func (c *fleetCommand) run(ctx context.Context, action fleet.Action, joins []joinfile.Join) *fleet.Report {
	collectOften()
	show := c.watcher(action, len(joins))
	var showing sync.Mutex
	graceful := c.stopGracefully(ctx, func() {
		showing.Lock()
		defer showing.Unlock()
		show.say("Interrupted: the images in hand are finished, and no other is begun. Interrupt again to stop those, too.")
	})
	defer graceful.stop()
	run := fleet.Run{
		Action: action, Source: c.source, By: "offlinejoin/" + version.String(), Parallel: c.parallel,
		FailFast: c.failFast, Keep: c.keep, Watcher: show, Watching: &showing, Domains: &c.domains, AccountEnd: c.accountEnd,
	}
	if run.Parallel == 0 {
		run.Parallel = runtime.NumCPU()
	}
	r := run.Do(graceful, graceful.soft, joins)
	showing.Lock()
	defer showing.Unlock()
	show.close(r)
	return r
}

// finish writes the report that was asked for, and returns the error that gives the exit code.
func (c *fleetCommand) finish(r *fleet.Report) error {
	for _, file := range c.reports {
		if err := report.Write(file, r); err != nil {
			return err
		}
	}
	switch {
	case r.Well():
		return nil
	case r.MayPass():
		return errMayPass
	}
	return errReported
}
