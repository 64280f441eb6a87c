package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/term"
)

type statusDocument struct {
	SchemaVersion int `json:"schema_version"`
	*offlinejoin.Status
}

func (a *app) status() *cobra.Command {
	c := &fleetCommand{app: a, action: fleet.Status}
	var place options.PlaceWords
	var logs bool
	cmd := &cobra.Command{
		Use:   "status {--windows-path PATH | --image-path FILE | JOIN-FILE|FOLDER}",
		Short: "Tell what images hold: a staged, completed or failed join, or none",
		Long: `Tell what images hold: a staged, completed or failed join, or none.

Name one image by --windows-path or --image-path, or give a join file (*.join.hcl, or a folder of them) for all of its
images.`,
		Example: `  offlinejoin status --windows-path /mnt/web01/Windows
  offlinejoin status fleet.join.hcl --report status.html`,
		Args: imageOrJoinFile(&place, "logs"),
		RunE: a.beginMany(func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return c.statusOf(ctx, args[0])
			}
			a.flags = true
			ctx, stop := a.untilInterrupted(ctx)
			defer stop()
			image, err := place.Image()
			if err != nil {
				return err
			}
			st, err := offlinejoin.ReadStatus(ctx, offlinejoin.StatusRequest{Image: image, Logs: logs})
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(statusDocument{schemaVersion, st})
			}
			a.showStatus(st)
			a.showLogs(st.Logs)
			return nil
		}),
	}
	placeFlags(cmd, &place)
	cmd.Flags().BoolVar(&logs, "logs", false, "for one image, also show the ends of its own logs that tell of joins")
	c.addFlags(cmd)
	return cmd
}

// imageOrJoinFile wants either a flag for one image or one argument, a join file, and no flag of the other. ofOne are the flags
// of the command that are for one image, beside those that say where it is.
func imageOrJoinFile(place *options.PlaceWords, ofOne ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) > 1:
			return fmt.Errorf("accepts 1 join file or folder, received %d", len(args))
		case len(args) == 1 && place.Named():
			return errors.New("give --windows-path or --image-path for one image, or a join file for its images, not both")
		case len(args) == 0 && !place.Named():
			return errors.New("give --windows-path PATH or --image-path FILE for one image, or a join file (*.join.hcl or a " +
				"folder of them) for all of its images")
		case len(args) == 0:
			return refuseFlags(cmd, "is for join files: leave it out for one image", fleetFlags()...)
		}
		return refuseFlags(cmd, "is for one image: leave it out for a join file",
			append(placeFlagNames(), ofOne...)...)
	}
}

// showStatus prints what an image holds: the state, then what is known of the join and of the Windows.
func (a *app) showStatus(st *offlinejoin.Status) {
	fmt.Fprintln(a.Out, st.Headline())
	facts := []term.Fact{
		fact("Status", string(st.State)),
		fact("Method", string(st.Method)),
		fact("Staged", stagedBy(st)),
		fact("Completed", st.CompletedAt),
		fact("Result", st.Attempted()),
		fact("Found", st.Detail),
		fact("Beside", st.BesideText()),
		fact("Fingerprint", st.Fingerprint),
		fact("Image", imageLine(st.Image)),
	}
	for _, w := range st.Warnings {
		facts = append(facts, fact("Warning", w))
	}
	term.WriteFacts(a.Out, facts...)
}

func stagedBy(st *offlinejoin.Status) string {
	if st.StagedAt == "" || st.StagedBy == "" {
		return st.StagedAt + st.StagedBy
	}
	return st.StagedAt + " by " + st.StagedBy
}

// imageLine is the identity of a Windows in one line.
func imageLine(f offlinejoin.ImageFacts) string {
	line := f.ProductName
	for _, part := range []struct{ before, text string }{
		{", build ", f.Build}, {", ", f.Architecture}, {", name ", f.ComputerName}, {", ", f.ImageState},
	} {
		if part.text != "" {
			line += part.before + part.text
		}
	}
	return line
}

// showLogs prints the ends of the image's logs. Their text is the image's, made fit for a terminal by the core.
func (a *app) showLogs(logs []offlinejoin.Log) {
	for _, l := range logs {
		fmt.Fprintf(a.Out, "\n%s\n", l.Path)
		if l.Error != "" {
			fmt.Fprintf(a.Out, "  cannot be read: %s\n", l.Error)
		}
		for _, line := range l.Lines {
			fmt.Fprintf(a.Out, "  %s\n", line)
		}
	}
}

// statusOf prints what the images of a join file hold.
func (c *fleetCommand) statusOf(ctx context.Context, path string) error {
	defer c.domains.Close()
	joins, err := c.load(ctx, path)
	if err != nil {
		return err
	}
	r := c.run(ctx, fleet.Status, joins)
	c.showResults(r)
	return c.finish(r)
}
