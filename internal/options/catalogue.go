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
		doc: "A disk image file that holds the Windows, such as `golden.qcow2`, in place of `windows_path`: raw, qcow2, vhdx, " +
			"vhd or vmdk. It is opened as it is, with no mount and no root, and must not be in use.",
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
	ImageName: {
		doc: "What the ledger calls the image, the same on every host that sees it, such as `pvc:CLUSTER/NAMESPACE/CLAIM` or the " +
			"UUID of its virtual machine. Needed in containers with a `ledger`. Default: the host and the path name it.",
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
			"images: our program completes the join before the first logon (inferred). `answer_file` is for generalized " +
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
	LedgerURL: {
		doc: "In place of `ledger_file`, the URL of a PostgreSQL database that any number of hosts keep as one ledger, such as " +
			"`postgres://builder@db.example.com/joins`; `offlinejoin ledger schema` prints its table. A password is never in it: " +
			"`PGPASSWORD`, `PGPASSFILE` or a client certificate give it. Default: what the environment variable " +
			"`OFFLINEJOIN_LEDGER` names.",
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

	ActiveDirectory: {
		doc: "How the domain is reached and who asks it, where an account is made: a block. What it does not say comes from " +
			"environment variables, `OFFLINEJOIN_AD_USER` for `user` and so on.",
	},
	ADDomain: {
		word: "domain", flag: "domain",
		doc: "The DNS name of the domain, such as `corp.example.com`.",
	},
	ADController: {
		word: "dc", flag: "dc",
		doc: "The full name of the only domain controller to use, such as `dc1.corp.example.com`. Default: a writable one that " +
			"DNS names, of this machine's site where there is one.",
	},
	ADSite: {
		word: "site", flag: "site",
		doc: "The Active Directory site whose domain controllers are tried first. Default: this machine's.",
	},
	ADUser: {
		word: "user",
		doc: "Who asks the domain: a name such as `svc-build`, or `svc-build@corp.example.com`. With `ccache` the default is the " +
			"user of the cache.",
	},
	ADPassword: {
		word: "password", secret: true,
		doc: "The password of `user`. Give it by a `sensitive` or ephemeral variable, or better use `password_file`, `keytab` or " +
			"`ccache`.",
	},
	ADPasswordFile: {
		word: "password_file",
		doc:  "A file with the password of `user` in its only line. Let nobody else read it.",
	},
	ADKeytab: {
		word: "keytab",
		doc: "A file with Kerberos keys of `user`, in place of a password. Default: with a `user` and no other credential, the " +
			"one that the environment variable `KRB5_CLIENT_KTNAME` names.",
	},
	ADCCache: {
		word: "ccache",
		doc: "A Kerberos credential cache that is a file, as `kinit` makes it. Default: without another credential, the one that " +
			"the environment variable `KRB5CCNAME` names.",
	},
	ADCurrentUser: {
		word: "current_user", fallback: "false", allowed: []string{"false", "true"},
		doc: "Ask the domain as the user who is logged on to this Windows when `true`. On Windows that is also done without " +
			"any credential; elsewhere it is refused. Default: `false`.",
	},
	ADSecurity: {
		word: "security", fallback: "auto", allowed: []string{"auto", "sealed", "ldaps", "starttls"},
		doc: "How the connection is protected: `sealed` by Kerberos on port 389, which needs no certificate, `ldaps` by TLS on " +
			"port 636, `starttls` by TLS on port 389. `auto` (default) is `sealed`, or `ldaps` with `simple_bind`. Nothing is " +
			"ever sent in the clear.",
	},
	ADSimpleBind: {
		word: "simple_bind", fallback: "false", allowed: []string{"false", "true"},
		doc: "Log on by sending user and password inside TLS, where Kerberos cannot be had, when `true`. Default: `false`.",
	},
	ADCAFile: {
		word: "ca_file",
		doc: "A PEM file with the certificates of the authorities that the domain controller's certificate must come from, for " +
			"`ldaps` and `starttls`. Default: those that this machine trusts.",
	},
	ADTimeout: {
		word: "timeout", fallback: "30s",
		doc: "How long one answer of the domain controller may take, such as `1m`. Default: `30s`.",
	},
	Account: {
		doc: "The computer account to make for the image, in place of a blob: a block. Its password is in memory and in the image, " +
			"nowhere else.",
	},
	AccountMachineName: {
		word: "machine_name", flag: "machine-name",
		doc: "The computer name of the account, such as `WEB01`: at most 15 characters.",
	},
	AccountOU: {
		word: "ou",
		doc: "The distinguished name of the organizational unit for a new account, such as `OU=Web,DC=corp,DC=example,DC=com`. " +
			"Default: the domain's container for computers.",
	},
	AccountObjectGUID: {
		word: "object_guid",
		doc: "The objectGUID of the account that must be used, one that was prepared for the machine. Default: the account is " +
			"found by its name, or made.",
	},
	AccountReuse: {
		word: "reuse", fallback: string(offlinejoin.AccountReuseRefuse),
		allowed: []string{
			string(offlinejoin.AccountReuseRefuse), string(offlinejoin.AccountReuseOwn), string(offlinejoin.AccountReuseTrusted),
		},
		doc: "What to do when the account exists: `refuse` (default), use it when it is this user's `own` or an administrator's, " +
			"or also when its owner is one of the `trusted` owners (KB5020276). It then gets a new password.",
	},
	AccountTrustedOwners: {
		word: "trusted_owners",
		doc: "Users and groups whose accounts may be used with `reuse` = `trusted`, by name or SID: those of the domain's policy " +
			"for the re-use of computer accounts.",
	},
	AccountReplaceLive: {
		word: "replace_live", fallback: "false", allowed: []string{"false", "true"},
		doc: "Give even an account that a machine has logged on with a new password, which cuts that machine off from the domain, " +
			"when `true`. Default: `false`.",
	},
	AccountDescription: {
		word: "description",
		doc: "The description of the account. A marker of at most 85 characters is kept behind it, by which runs see what others " +
			"left. Default: what the account has.",
	},
	AccountPersistentSite: {
		word: "persistent_site",
		doc:  "The site that the machine stays in, wherever it is moved to. Default: Windows finds out.",
	},
	AccountNetBIOSName: {
		word: "netbios_name",
		doc:  "The machine's NetBIOS name. Default: its computer name.",
	},
	AccountPrimaryDNSDomain: {
		word: "primary_dns_domain",
		doc:  "The machine's primary DNS domain. Default: the domain's name.",
	},
	AccountRootCACerts: {
		word: "root_ca_certs", fallback: "false", allowed: []string{"false", "true"},
		doc: "Give the machine the certificates of the authorities that the forest trusts when `true`. Default: `false`.",
	},
	AccountOnError: {
		word: "on_error", fallback: string(offlinejoin.OnErrorDelete),
		allowed: []string{
			string(offlinejoin.OnErrorDelete), string(offlinejoin.OnErrorDisable), string(offlinejoin.OnErrorKeep),
		},
		doc: "What becomes of an account that was made for a join that fails: `delete` (default) removes what was made and nobody " +
			"booted, `disable` disables it, `keep` leaves it. An account that existed before is never deleted.",
	},
	AccountOnDestroy: {
		fallback: string(offlinejoin.AccountKeep),
		allowed: []string{
			string(offlinejoin.AccountKeep), string(offlinejoin.AccountDisable), string(offlinejoin.AccountDelete),
		},
		doc: "What destroying does with the account: `keep` (default) leaves it, `disable` disables it, so that no image can use " +
			"its password any more, `delete` removes it.",
	},
	DeleteLive: {
		fallback: "false", allowed: []string{"false", "true"},
		doc: "Delete even an account that a machine has logged on with when `true`. Default: `false`.",
	},

	// Facts that are described outside of a table, too.
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
