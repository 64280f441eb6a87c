package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

type statusDocument struct {
	SchemaVersion int `json:"schema_version"`
	*offlinejoin.Status
}

func (a *app) status() *cobra.Command {
	c := &fleetCommand{app: a, action: fleet.Status}
	var windowsPath string
	var logs bool
	cmd := &cobra.Command{
		Use:   "status {--windows-path PATH | FILE|FOLDER}",
		Short: "Tell what images hold: a staged, completed or failed join, or none",
		Long: `Tell what images hold: a staged, completed or failed join, or none.

Name one image by --windows-path, or give a join file (*.join.hcl, or a folder of them) for all of its images.`,
		Example: `  offlinejoin status --windows-path /mnt/web01/Windows
  offlinejoin status fleet.join.hcl --report status.html`,
		Args: imageOrJoinFile(&windowsPath),
		RunE: a.beginMany(func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return c.statusOf(ctx, args[0])
			}
			ctx, stop := a.untilInterrupted(ctx)
			defer stop()
			st, err := offlinejoin.ReadStatus(ctx, offlinejoin.StatusRequest{Image: offlinejoin.ImageAt(windowsPath), Logs: logs})
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
	word(cmd, options.WindowsPath, "PATH", into(&windowsPath))
	cmd.Flags().BoolVar(&logs, "logs", false, "for one image, also show the ends of its own logs that tell of joins")
	c.addFlags(cmd)
	return cmd
}

// imageOrJoinFile wants either the flag for one image or one argument, a join file.
func imageOrJoinFile(windowsPath *string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) > 1:
			return fmt.Errorf("accepts 1 join file or folder, received %d", len(args))
		case len(args) == 1 && *windowsPath != "":
			return errors.New("give --windows-path for one image, or a join file for its images, not both")
		case len(args) == 0 && *windowsPath == "":
			return errors.New("give --windows-path PATH for one image, or a join file (*.join.hcl or a folder of them) for " +
				"all of its images")
		}
		return nil
	}
}
