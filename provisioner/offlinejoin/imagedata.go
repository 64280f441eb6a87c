//go:generate go tool packer-sdc mapstructure-to-hcl2 -type ImageConfig,ImageOutput

package offlinejoin

import "github.com/hashicorp/packer-plugin-sdk/template/interpolate"

// ImageConfig is what the user writes in the block of the data source offlinejoin-image.
type ImageConfig struct {
	// The Windows directory of the image, such as `/mnt/web01/Windows`. The image must not be running and may be
	// mounted for reading only.
	WindowsPath string `mapstructure:"windows_path" required:"true"`

	ctx interpolate.Context
}

// ImageOutput is what the data source offlinejoin-image tells. What the image does not say is empty.
type ImageOutput struct {
	// What the image says about joins: `absent`, `staged`, `completed`, `failed`, `joined` (a domain member already, not
	// by us) or `foreign` (another tool's join is pending).
	Status string `mapstructure:"status"`
	// How the staged join gets completed: `registry` or `answer_file`.
	MethodUsed string `mapstructure:"method_used"`
	// The SHA-256 of the blob's decoded content, in hex: not secret, and equal for every encoding of the same blob.
	Fingerprint string `mapstructure:"fingerprint"`
	// The computer name that the staged blob is for, or the member's own name.
	MachineName string `mapstructure:"machine_name"`
	// The domain that the staged blob is for, or the one that the machine is a member of.
	Domain string `mapstructure:"domain"`
	// When the join was staged (RFC 3339, UTC).
	StagedAt string `mapstructure:"staged_at"`
	// The program that staged the join, with its version.
	StagedBy string `mapstructure:"staged_by"`
	// When the first boot ended the join, well or not (RFC 3339, UTC, by the machine's clock).
	CompletedAt string `mapstructure:"completed_at"`
	// The documented code of what the first boot came to, such as `0 NERR_Success`; empty before it.
	Result string `mapstructure:"result"`
	// What the first boot came to, in one sentence; empty before it.
	ResultText string `mapstructure:"result_text"`
	// What was found where the status alone does not tell it, such as another tool's pending join.
	Detail string `mapstructure:"detail"`
	// The Windows product in the image, such as `Windows Server 2022 Standard`.
	WindowsProduct string `mapstructure:"windows_product"`
	// The edition of the Windows in the image, as its registry spells it, such as `ServerStandard`.
	WindowsEdition string `mapstructure:"windows_edition"`
	// The build of the Windows in the image, such as `20348.2700`.
	WindowsBuild string `mapstructure:"windows_build"`
	// The architecture of the Windows in the image: `amd64`, `arm64` or `x86`.
	Architecture string `mapstructure:"architecture"`
	// Whether the image is of a client (`WinNT`), a server (`ServerNT`) or a domain controller (`LanmanNT`).
	ProductType string `mapstructure:"product_type"`
	// How far Windows Setup is with the image, such as `IMAGE_STATE_COMPLETE`.
	ImageState string `mapstructure:"image_state"`
	// The computer name that the image has now.
	ComputerName string `mapstructure:"computer_name"`
	// The security identifier of the Windows installation in the image; clones made without generalizing share it.
	MachineSID string `mapstructure:"machine_sid"`
}
