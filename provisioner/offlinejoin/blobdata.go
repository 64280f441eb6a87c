//go:generate go tool packer-sdc mapstructure-to-hcl2 -type BlobConfig,BlobOutput

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
	// The provisioning blob as text (base64). It holds a machine password: give it by a `sensitive` variable, or
	// better use `blob_file`.
	Blob string `mapstructure:"blob"`

	ctx interpolate.Context
}

// BlobOutput is what the data source offlinejoin-blob tells. What the blob does not say is empty.
type BlobOutput struct {
	// The SHA-256 of the blob's decoded content, in hex: not secret, and equal for every encoding of the same blob.
	Fingerprint string `mapstructure:"fingerprint"`
	// The computer name that the blob is for.
	MachineName string `mapstructure:"machine_name"`
	// The DNS name of the domain that the blob is for.
	Domain string `mapstructure:"domain"`
	// The NetBIOS name of the domain that the blob is for.
	NetBIOSDomain string `mapstructure:"netbios_domain"`
	// The security identifier of the domain that the blob is for.
	DomainSID string `mapstructure:"domain_sid"`
	// The GUID of the domain that the blob is for.
	DomainGUID string `mapstructure:"domain_guid"`
	// The DNS name of the forest that the blob's domain is in.
	Forest string `mapstructure:"forest"`
	// The security identifier of the computer account in the blob.
	AccountSID string `mapstructure:"account_sid"`
	// The domain controller that made the blob's account.
	DomainController string `mapstructure:"domain_controller"`
	// The Active Directory site that the blob names for the machine; empty when it names none.
	Site string `mapstructure:"site"`
}
