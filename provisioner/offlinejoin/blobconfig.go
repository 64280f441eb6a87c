//go:generate go tool packer-sdc mapstructure-to-hcl2 -type BlobConfig

package offlinejoin

import "github.com/hashicorp/packer-plugin-sdk/template/interpolate"

// BlobConfig is what the user writes in the block of the data source offlinejoin-blob.
type BlobConfig struct {
	// A file with the provisioning blob, in any encoding that `djoin`, Samba or Windows' API writes, plain or encrypted
	// with age. A blob holds a machine password, so let nobody else read a plain file.
	BlobFile string `mapstructure:"blob_file"`
	// The file with the key that opens a blob file encrypted with age: as `age-keygen` writes it, with one identity or
	// several, or an SSH private key without passphrase. Default: the file that the environment variable
	// `OFFLINEJOIN_IDENTITY_FILE` names. A plain blob file needs none.
	IdentityFile string `mapstructure:"identity_file"`
	// The provisioning blob as text (base64). It holds a machine password: give it by a `sensitive` variable, or better
	// use `blob_file`.
	Blob string `mapstructure:"blob"`

	ctx interpolate.Context
}
