package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func (a *app) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Stage a sample join into a sample image, and show the registry before and after",
		Args:  cobra.NoArgs,
		RunE: a.begin(func(context.Context, []string) error {
			return winerr.Errorf(winerr.NotSupported, "the demo is not built yet")
		}),
	}
}
