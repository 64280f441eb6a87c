package claims

// files are the claims on files and programs of a running Windows: what our code asks of them.
var files = []Claim{
	{
		ID: "file-names", Topic: Files, Level: Documented,
		Says: "names are found without regard to case, may have an 8.3 partner, and have no `\\` and no `:`; one path " +
			"has several spellings",
		Source: "Microsoft Learn: Naming Files, Paths, and Namespaces",
	},
	{
		ID: "short-name-no-link", Topic: Files, Level: Inferred,
		Says:   "a short name is no second hard link to Windows",
		Source: "it is another spelling of one name (documented)",
	},
	{
		ID: "file-calls", Topic: Files, Level: Documented,
		Says: "a new file has its access list from the first moment, is renamed without replacing, and a lock keeps " +
			"others from the bytes it covers",
		Source: "Microsoft Learn: CreateFile, MoveFileEx, LockFileEx, GetSecurityInfo, SetSecurityInfo",
	},
	{
		ID: "open-file-replaced", Topic: Files, Level: Inferred,
		Says:   "a file that is open on NTFS can be replaced by a rename since Windows 10, and its bytes go with its last handle",
		Source: "FILE_RENAME_POSIX_SEMANTICS (documented); that an ordinary rename uses it is in public reports",
	},
	{
		ID: "names-journaled", Topic: Files, Level: Documented,
		Says:   "NTFS logs changes of its metadata itself, and names are metadata",
		Source: "Microsoft Learn: File System Functionality Comparison",
	},
	{
		ID: "names-in-order", Topic: Files, Level: Inferred,
		Says:   "the order of such changes holds when the power goes",
		Source: "`names-journaled`",
	},
	{
		ID: "no-heap-in-reports", Topic: Files, Level: Documented,
		Says:   "a program can keep its heap out of error reports, or have none made",
		Source: "Microsoft Learn: SetErrorMode, WerSetFlags",
	},
	{
		ID: "command-lines", Topic: Files, Level: Documented,
		Says: "a command line of `cmd.exe` has 8191 characters at most, and PowerShell takes several characters for a " +
			"single quote",
		Source: "Microsoft Learn: Command prompt line string limitation, CodeGeneration.EscapeSingleQuotedStringContent",
	},
	{
		ID: "drives-of-a-session", Topic: Files, Level: Documented,
		Says:   "a service does not see the drive letters that a user has given to shares",
		Source: "Microsoft Learn: Services and Redirected Drives",
	},
	{
		ID: "guest-commands", Topic: Files, Level: Inferred,
		Says:   "a Windows guest with PowerShell, such as WinPE, runs the commands that the Packer provisioner sends",
		Source: "Microsoft Learn: PowerShell; they are tested with stand-ins of guests",
	},
}
