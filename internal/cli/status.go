package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

type statusDocument struct {
	SchemaVersion int `json:"schema_version"`
	*offlinejoin.Status
}

func (a *app) status() *cobra.Command {
	var windowsPath string
	var logs bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell what an image holds: a staged, completed or failed join, or none",
		Args:  cobra.NoArgs,
		RunE: a.begin(func(ctx context.Context, _ []string) error {
			st, err := offlinejoin.ReadStatus(ctx, offlinejoin.StatusRequest{WindowsPath: windowsPath, Logs: logs})
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
	cmd.Flags().BoolVar(&logs, "logs", false, "also show the ends of the image's own logs that tell of joins")
	required(cmd, options.WindowsPath, "PATH", into(&windowsPath))
	return cmd
}
