package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

type imageDocument struct {
	SchemaVersion int `json:"schema_version"`
	winimage.Facts
	Join *offlinejoin.Status `json:"join"` // null when it cannot be told
}

func (a *app) inspectImage() *cobra.Command {
	return &cobra.Command{
		Use:   "image WINDOWS_PATH",
		Short: "Tell which Windows an image holds, in what state, and what its hives are like",
		Args:  cobra.ExactArgs(1),
		RunE: a.begin(func(ctx context.Context, args []string) error {
			facts, err := readImage(ctx, args[0])
			if err != nil {
				return err
			}
			status, err := offlinejoin.ReadStatus(ctx, offlinejoin.StatusRequest{Image: offlinejoin.ImageAt(args[0])})
			if err != nil {
				status = nil // an image too damaged for a status is worth looking at all the more
			}
			if a.json {
				return a.printJSON(imageDocument{schemaVersion, facts, status})
			}
			a.showImage(facts, status)
			return nil
		}),
	}
}

func readImage(ctx context.Context, windowsPath string) (winimage.Facts, error) {
	dir, err := localdir.Open(windowsPath)
	if err != nil {
		return winimage.Facts{}, err
	}
	defer dir.Close() //nolint:errcheck // only read
	im, err := winimage.Open(ctx, dir, winimage.Read)
	if err != nil {
		return winimage.Facts{}, err
	}
	defer im.Close() //nolint:errcheck // only read
	return im.Facts(), nil
}
