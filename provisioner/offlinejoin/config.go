//go:generate go tool packer-sdc mapstructure-to-hcl2 -type Config,Expect

package offlinejoin

import "github.com/hashicorp/packer-plugin-sdk/template/interpolate"

// Config is what the user writes in the provisioner's block.
type Config struct {
	// The Windows directory of the image, such as `/mnt/web01/Windows`. The image must not be running and must be
	// mounted for writing.
	WindowsPath string `mapstructure:"windows_path" required:"true"`
	// A file with the provisioning blob, in any encoding that `djoin`, Samba or Windows' API writes, plain or encrypted
	// with age. A blob holds a machine password, so let nobody else read a plain file.
	BlobFile string `mapstructure:"blob_file"`
	// The file with the key that opens a blob file encrypted with age: as `age-keygen` writes it, with one identity or
	// several, or an SSH private key without passphrase. Default: the file that the environment variable
	// `OFFLINEJOIN_IDENTITY_FILE` names. A plain blob file needs none.
	IdentityFile string `mapstructure:"identity_file"`
	// The provisioning blob as text (base64). It holds a machine password: give it by a `sensitive` variable, or
	// better use `blob_file`.
	Blob string `mapstructure:"blob"`
	// What the blob must be for: a block with `machine_name` and `domain`. A wrong blob then fails in
	// `packer validate`.
	Expect Expect `mapstructure:"expect"`
	// How the join gets completed: `auto` (default) picks by the state of the image, `registry` has our program
	// complete it before the first logon (observed), and `answer_file` (not available yet) has Windows Setup complete
	// it (documented).
	Method string `mapstructure:"method"`
	// What to do when the image already has another join: `fail` (default) refuses, `replace` stages over it, `keep`
	// leaves it alone and succeeds. The same join staged again is never an error and never written twice.
	OnExisting string `mapstructure:"on_existing"`
	// Make every check, show every change and write nothing when `true`. Default: `false`.
	DryRun bool `mapstructure:"dry_run"`

	ctx interpolate.Context
}

// Expect is what the blob must be for. What is left out is not checked.
type Expect struct {
	// The computer name that the blob must be for, compared without case. A blob for another machine is refused
	// before anything is written.
	MachineName string `mapstructure:"machine_name"`
	// The domain that the blob must be for, by DNS or NetBIOS name, compared without case. A blob for another domain
	// is refused before anything is written.
	Domain string `mapstructure:"domain"`
}
