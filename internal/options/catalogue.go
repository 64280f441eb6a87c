package options

import "github.com/offlinejoin/offlinejoin/internal/offlinejoin"

// catalogue holds the options with their documentation. It is read and never written. What is only read, of a blob, an
// image or a ledger, is in the tables of facts.go.
var catalogue = map[Name]entry{
	WindowsPath: {
		doc: "The Windows directory of the image, such as `/mnt/web01/Windows`. The image must not be running " +
			"and must be mounted for writing.",
	},
	ImagePath: {
		doc: "A disk image file that holds the Windows, such as `golden.qcow2`, in place of `windows_path`: raw, qcow2, vhdx or " +
			"vhd. It is opened as it is, with no mount and no root, and must not be in use.",
	},
	Partition: {
		doc: "The number of the partition of `image_path` that holds the Windows, such as `3`. Needed only when several do.",
	},
	OverlayPath: {
		doc: "A new qcow2 disk that is made with the join and stands on `image_path`, which is only read and must not change " +
			"from then on. An existing file is never replaced.",
	},
	CopyPath: {
		doc: "A new disk that is made with the join: a copy of `image_path`, which is only read, of the same format. An " +
			"existing file is never replaced.",
	},
	Backing: {
		fallback: offlinejoin.BackingAbsolute,
		allowed:  []string{offlinejoin.BackingAbsolute, offlinejoin.BackingRelative},
		doc: "How the disk at `overlay_path` names the one it stands on: by its `absolute` path (default), or `relative` to " +
			"its own folder, so that both can be moved together.",
	},
	JournalDir: {
		doc: "A folder for the journal of the change when `image_path` is a block device, such as `/var/lib/offlinejoin`: on a " +
			"disk, always the same, and for its owner alone. Files have their journal beside them.",
	},
	BlobFile: {
		doc: "A file with the provisioning blob, in any encoding that `djoin`, Samba or Windows' API writes, plain " +
			"or encrypted with age. A blob holds a machine password, so let nobody else read a plain file.",
	},
	IdentityFile: {
		doc: "The file with the key that opens a blob file encrypted with age: as `age-keygen` writes it, with one " +
			"identity or several, or an SSH private key without passphrase. Default: the file that the environment " +
			"variable `OFFLINEJOIN_IDENTITY_FILE` names. A plain blob file needs none.",
	},
	Blob: {
		secret: true,
		doc: "The provisioning blob as text (base64). It holds a machine password: give it by a `sensitive` " +
			"variable, or better use `blob_file`.",
	},
	BlobWO: {
		secret: true,
		doc: "The provisioning blob as text (base64), write-only: it is in neither plan nor state. Give it by an " +
			"ephemeral resource or an `ephemeral` variable; a literal or a plain `sensitive` variable is kept " +
			"in the plan file. What `filebase64()` gives of a file is taken, too; `file()` cannot read the UTF-16 of `djoin`.",
	},
	BlobVersion: {
		doc: "Any text; changing it makes Terraform look at a `blob_wo` that is not known while planning. " +
			"Other changes of the blob are found by its fingerprint.",
	},
	MachineName: {
		doc: "The computer name that the blob must be for, compared without case. A blob for another machine is " +
			"refused before anything is written.",
	},
	Domain: {
		doc: "The domain that the blob must be for, by DNS or NetBIOS name, compared without case. A blob for " +
			"another domain is refused before anything is written.",
	},
	MethodName: {
		fallback: string(offlinejoin.MethodAuto),
		allowed: []string{
			string(offlinejoin.MethodAuto), string(offlinejoin.MethodRegistry), string(offlinejoin.MethodAnswerFile),
			string(offlinejoin.MethodNative),
		},
		doc: "How the join gets completed: `auto` (default) picks by the state of the image. `registry` is for installed " +
			"images: our program completes the join before the first logon (observed). `answer_file` is for generalized " +
			"images: the join is merged into the answer file that Windows Setup will use (documented). `native` is for programs " +
			"that run on Windows: Windows' own function takes the blob (documented).",
	},
	OnExistingName: {
		fallback: string(offlinejoin.OnExistingFail),
		allowed: []string{
			string(offlinejoin.OnExistingFail), string(offlinejoin.OnExistingReplace),
			string(offlinejoin.OnExistingKeep),
		},
		doc: "What to do when the image already has another join: `fail` (default) refuses, `replace` stages " +
			"over it, `keep` leaves it alone and succeeds. The same join staged again is never an error and " +
			"never written twice.",
	},
	DryRun: {
		fallback: "false",
		allowed:  []string{"false", "true"},
		doc:      "Make every check, show every change and write nothing when `true`. Default: `false`.",
	},
	Online: {
		fallback: "false",
		allowed:  []string{"false", "true"},
		doc: "With `method` = `native`: join the Windows that is running, instead of an image, when `true`. It needs an " +
			"elevated member of Administrators, and a restart afterwards (documented). Default: `false`.",
	},
	CompletionProgram: {
		doc: "A completion program of your own making, to be put in the image instead of the one that is built in, " +
			"such as one that you have signed. Default: the built-in program for the image's architecture.",
	},
	LedgerFile: {
		doc: "A file that records which account was staged into which image, so that a blob is used for one machine " +
			"only. It is made when it does not exist, and holds no secret. Default: no ledger is kept.",
	},
	LockTimeout: {
		fallback: "30s",
		doc: "How long to wait for somebody else who is changing the image, such as `2m`. Default: `30s`; `0s` does not " +
			"wait.",
	},
	Reuse: {
		fallback: "refuse",
		allowed:  []string{"refuse", "allow"},
		doc: "What to do with a blob whose account was staged into another image: `refuse` (default), or `allow` with a " +
			"`reuse_reason`. One account is for one machine.",
	},
	ReuseReason: {
		doc: "Why an account may be used again, such as `web01 is rebuilt`; the ledger keeps it. Needed with `reuse` = " +
			"`allow`.",
	},
	Backup: {
		doc: "A folder for a copy of the SYSTEM hive and its logs as they are before anything is written. It is made " +
			"when it does not exist, and must be for this image alone. Default: no copy is made.",
	},
	ReportFile: {
		doc: "A file for the receipt in JSON: what was done, with which blob, and the status of the image. It is " +
			"readable by its owner only, replaces what is there, and holds no secret. Default: none is written.",
	},
	RemoteTree: {
		fallback: "false",
		allowed:  []string{"false", "true"},
		doc: "Whether `windows_path` is a path of the build's guest, a rescue or surrogate system that has the volume " +
			"of the image mounted, and not of this machine. What is needed of the image is fetched and written back " +
			"through the communicator when `true`. Default: `false`.",
	},
	SecretExposure: {
		fallback: string(offlinejoin.ExposureWarn),
		allowed:  []string{string(offlinejoin.ExposureWarn), string(offlinejoin.ExposureRefuse)},
		doc: "What to do when others on this machine can read what will hold the machine's password, or change what will be " +
			"run, as with an NTFS volume that is mounted without `umask`: `warn` (default), or `refuse`.",
	},
	OnDestroy: {
		fallback: "unstage",
		allowed:  []string{"unstage", "abandon", "fail"},
		doc: "What destroying does with a join that waits for its first boot: `unstage` (default) takes back exactly " +
			"what was added, `abandon` leaves the image as it is and only forgets it, `fail` refuses to destroy.",
	},
	OnDestroyDisk: {
		fallback: "delete_unused",
		allowed:  []string{"delete_unused", "delete", "keep"},
		doc: "What destroying does with the disk: `delete_unused` (default) removes a disk that no machine has used, which it " +
			"takes for true only when all of it is as it was made and nobody has it open; any doubt means that it stays, with a " +
			"warning that names the file. `delete` removes it in any case, but not while somebody has it open, such as when the " +
			"machine is destroyed with it. `keep` leaves it.",
	},
	AfterFirstBoot: {
		fallback: "keep",
		allowed:  []string{"keep", "restage"},
		doc: "What to do once the image has booted and the join is completed: `keep` (default) leaves it alone, whatever " +
			"the blob has become; `restage` stages the blob again with the next apply, for an image that is booted to be " +
			"tried out and must be ready to join afterwards.",
	},

	// Facts that are documented outside of a table, too.
	ID: {doc: "What names the image: the path as it was given, of the Windows directory or of the disk, with `#` and the " +
		"partition if one was chosen."},
	Fingerprint: {
		doc: "The SHA-256 of the blob's decoded content, in hex: not secret, and equal for every encoding of the" +
			" same blob.",
	},
	Path: {
		doc: "The disk that was made: `overlay_path` or `copy_path`. What uses the disk should name this, so that it is made " +
			"before.",
	},
	Format: {
		doc: "The format of the disk, in qemu's words: `qcow2` for an overlay, and that of the golden image for a copy (`raw`, " +
			"`qcow2`, `vhdx`, or `vpc` for VHD).",
	},
	VirtualSize: {doc: "How large the disk is for a machine, in bytes."},
	BackingPath: {doc: "The golden image that an overlay stands on, by the path that the disk has for it; empty for a copy."},
}
