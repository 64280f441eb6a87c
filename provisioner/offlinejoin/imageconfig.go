//go:generate go tool packer-sdc mapstructure-to-hcl2 -type ImageConfig

package offlinejoin

import "github.com/hashicorp/packer-plugin-sdk/template/interpolate"

// ImageConfig is what the user writes in the block of the data source offlinejoin-image.
type ImageConfig struct {
	// The Windows directory of the image, such as `/mnt/web01/Windows`. The image must not be running and may be
	// mounted for reading only.
	WindowsPath string `mapstructure:"windows_path" required:"true"`

	ctx interpolate.Context
}
