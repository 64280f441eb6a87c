//go:generate go tool packer-sdc mapstructure-to-hcl2 -type PostProcessorConfig

package offlinejoin

import "github.com/hashicorp/packer-plugin-sdk/template/interpolate"

// PostProcessorConfig is what the user writes in the post-processor's block.
type PostProcessorConfig struct {
	// The Windows directory of the image, such as `/mnt/web01/Windows`. The image must not be running and must be
	// mounted for writing. Default: the one that is found among the files of the artifact.
	WindowsPath string `mapstructure:"windows_path"`

	DiskOptions `mapstructure:",squash"`
	JoinOptions `mapstructure:",squash"`

	ctx interpolate.Context
}
