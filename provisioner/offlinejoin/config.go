//go:generate go tool packer-sdc mapstructure-to-hcl2 -type Config,DiskOptions,JoinOptions,Expect

package offlinejoin

import "github.com/hashicorp/packer-plugin-sdk/template/interpolate"

// Config is what the user writes in the provisioner's block.
type Config struct {
	// The Windows directory of the image, such as `/mnt/web01/Windows`. The image must not be running and must be
	// mounted for writing.
	WindowsPath string `mapstructure:"windows_path"`
	// Whether `windows_path` is a path of the build's guest, a rescue or surrogate system that has the volume of the
	// image mounted, and not of this machine. What is needed of the image is fetched and written back through the
	// communicator when `true`. Default: `false`.
	Remote bool `mapstructure:"remote"`

	DiskOptions `mapstructure:",squash"`
	JoinOptions `mapstructure:",squash"`

	ctx interpolate.Context
}

// DiskOptions say where the image is when it is in a disk image file, and which new disk is made from that.
type DiskOptions struct {
	// A disk image file that holds the Windows, such as `golden.qcow2`, in place of `windows_path`: raw, qcow2, vhdx,
	// vhd or vmdk. It is opened as it is, with no mount and no root, and must not be in use.
	ImagePath string `mapstructure:"image_path"`
	// The number of the partition of `image_path` that holds the Windows, such as `3`. Needed only when several do.
	Partition string `mapstructure:"partition"`
	// A new qcow2 disk that is made with the join and stands on `image_path`, which is only read and must not change
	// from then on. An existing file is never replaced.
	OverlayPath string `mapstructure:"overlay_path"`
	// A new disk that is made with the join: a copy of `image_path`, which is only read, of the same format. An
	// existing file is never replaced.
	CopyPath string `mapstructure:"copy_path"`
	// How the disk at `overlay_path` names the one it stands on: by its `absolute` path (default), or `relative` to its
	// own folder, so that both can be moved together.
	Backing string `mapstructure:"backing"`
	// A folder for the journal of the change when `image_path` is a block device, such as `/var/lib/offlinejoin`: on a
	// disk, always the same, and for its owner alone. Files have their journal beside them.
	JournalDir string `mapstructure:"journal_dir"`
	// What the ledger calls the image, the same on every host that sees it, such as `pvc:CLUSTER/NAMESPACE/CLAIM` or
	// the UUID of its virtual machine. Needed in containers with a `ledger`. Default: the host and the path name it.
	ImageName string `mapstructure:"image_name"`
}

// JoinOptions are the options of everything that stages a join.
type JoinOptions struct {
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
	// What the blob must be for: a block with `machine_name` and `domain`. A wrong blob then fails in
	// `packer validate`.
	Expect Expect `mapstructure:"expect"`

	// The computer account to make for the image, in place of a blob: a block. Its password is in memory and in the
	// image, nowhere else.
	Account Account `mapstructure:"account"`

	// How the domain is reached and who asks it, where an account is made: a block. What it does not say comes from
	// environment variables, `OFFLINEJOIN_AD_USER` for `user` and so on.
	ActiveDirectory ActiveDirectory `mapstructure:"active_directory"`
	// How the join gets completed: `auto` (default) picks by the state of the image. `registry` is for installed
	// images: our program completes the join before the first logon (inferred). `answer_file` is for generalized
	// images: the join is merged into the answer file that Windows Setup will use (documented). `native` is for
	// programs that run on Windows: Windows' own function takes the blob (documented).
	Method string `mapstructure:"method"`
	// What to do when the image already has another join: `fail` (default) refuses, `replace` stages over it, `keep`
	// leaves it alone and succeeds. The same join staged again is never an error and never written twice.
	OnExisting string `mapstructure:"on_existing"`
	// A file that records which account was staged into which image, so that a blob is used for one machine only. It is
	// made when it does not exist, and holds no secret. Default: no ledger is kept.
	LedgerFile string `mapstructure:"ledger_file"`
	// In place of `ledger_file`, the URL of a PostgreSQL database that any number of hosts keep as one ledger, such as
	// `postgres://builder@db.example.com/joins`; `offlinejoin ledger schema` prints its table. A password is never in
	// it: `PGPASSWORD`, `PGPASSFILE` or a client certificate give it. Default: what the environment variable
	// `OFFLINEJOIN_LEDGER` names.
	Ledger string `mapstructure:"ledger"`
	// What to do with a blob whose account was staged into another image: `refuse` (default), or `allow` with a
	// `reuse_reason`. One account is for one machine.
	Reuse string `mapstructure:"reuse"`
	// Why an account may be used again, such as `web01 is rebuilt`; the ledger keeps it. Needed with `reuse` = `allow`.
	ReuseReason string `mapstructure:"reuse_reason"`
	// A completion program of your own making, to be put in the image instead of the one that is built in, such as one
	// that you have signed. Default: the built-in program for the image's architecture.
	CompletionProgram string `mapstructure:"completion_program"`
	// How long to wait for somebody else who is changing the image, such as `2m`. Default: `30s`; `0s` does not wait.
	LockTimeout string `mapstructure:"lock_timeout"`
	// A folder for a copy of the SYSTEM hive and its logs as they are before anything is written. It is made when it
	// does not exist, and must be for this image alone. Default: no copy is made.
	Backup string `mapstructure:"backup"`
	// What to do when others on this machine can read what will hold the machine's password, or change what will be
	// run, as with an NTFS volume that is mounted without `umask`: `warn` (default), or `refuse`.
	SecretExposure string `mapstructure:"secret_exposure"`
	// A file for the receipt in JSON: what was done, with which blob, and the status of the image. It is readable by
	// its owner only, replaces what is there, and holds no secret. Default: none is written.
	ReportFile string `mapstructure:"report_file"`
	// Make every check, show every change and write nothing when `true`. Default: `false`.
	DryRun bool `mapstructure:"dry_run"`
}

// Expect is what the blob must be for. What is left out is not checked.
type Expect struct {
	// The computer name that the blob must be for, compared without case. A blob for another machine is refused before
	// anything is written.
	MachineName string `mapstructure:"machine_name"`
	// The domain that the blob must be for, by DNS or NetBIOS name, compared without case. A blob for another domain is
	// refused before anything is written.
	Domain string `mapstructure:"domain"`
}
