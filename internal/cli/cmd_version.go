package cli

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

type versionDocument struct {
	SchemaVersion   int    `json:"schema_version"`
	Version         string `json:"version"`
	Commit          string `json:"commit,omitempty"` // of a release
	ContractVersion uint32 `json:"contract_version"`
	Go              string `json:"go"`
	Platform        string `json:"platform"`
}

func (a *app) version() *cobra.Command {
	var short bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Tell which build this is",
		Args:  cobra.NoArgs,
		RunE: a.begin(func(context.Context, []string) error {
			platform := runtime.GOOS + "/" + runtime.GOARCH
			switch {
			case a.json:
				return a.printJSON(versionDocument{
					SchemaVersion: schemaVersion, Version: version.String(), Commit: version.Commit,
					ContractVersion: completion.Version, Go: runtime.Version(), Platform: platform,
				})
			case short:
				fmt.Fprintln(a.Out, version.String())
			default:
				commit := ""
				if version.Commit != "" {
					commit = ", commit " + version.Commit
				}
				fmt.Fprintf(a.Out, "offlinejoin %s (registry contract %d, %s, %s%s)\n",
					version.String(), completion.Version, platform, runtime.Version(), commit)
			}
			return nil
		}),
	}
	cmd.Flags().BoolVar(&short, "short", false, "print the version number only")
	return cmd
}
