package claims

// answerFile are the claims on what Windows Setup does with an answer file (docs/guides/answer-file.md and package answerfile).
var answerFile = []Claim{
	{
		ID: "account-data-joins", Topic: AnswerFile, Level: Documented,
		Says:   "`AccountData` in the specialize pass joins the machine",
		Source: unattended,
	},
	{
		ID: "account-data-of-samba", Topic: AnswerFile, Level: Observed,
		Says: "so it did on Windows 11 24H2 with a blob made by Samba", Source: "published by others",
	},
	{
		ID: "account-data-bare", Topic: AnswerFile, Level: Observed,
		Says: "a stray blank or line break in `AccountData` makes Setup fail", Source: "public logs of Windows Setup",
	},
	{
		ID: "computer-name-agrees", Topic: AnswerFile, Level: Observed,
		Says: "`ComputerName` in the same pass must be the blob's", Source: "public logs of Windows Setup",
	},
	{
		ID: "search-order", Topic: AnswerFile, Level: Documented,
		Says: "Setup takes for each pass the first file with settings for it, in a fixed order of places", Source: learnSetup,
	},
	{
		ID: "drive-c-is-own", Topic: AnswerFile, Level: Inferred,
		Says:   "`C:` in `UnattendFile` is the image's own drive",
		Source: "an image that is booted from its own disk gives its drive that letter",
	},
	{
		ID: "passes-once", Topic: AnswerFile, Level: Documented,
		Says: "passes that were processed are not processed again", Source: learnSetup + "; the mark `wasPassProcessed` is observed",
	},
	{
		ID: "sensitive-data-removed", Topic: AnswerFile, Level: Documented,
		Says: "Setup removes sensitive data from its cached file after each pass", Source: learnSetup,
	},
	{
		ID: "setup-erases-account-data", Topic: AnswerFile, Level: Inferred,
		Says: "Setup erases `AccountData` from its cached file", Source: "it erases sensitive data (documented) and passwords (observed)",
	},
	{
		ID: "provisioning-wins", Topic: AnswerFile, Level: Documented,
		Says: "`Provisioning` wins over `Credentials`", Source: unattended,
	},
	{
		ID: "autologon-loops", Topic: AnswerFile, Level: Observed,
		Says: "an automatic logon of a local user on a joined client edition loops in the first-run screens", Source: "public reports, Windows 11",
	},
	{
		ID: "answer-file-place", Topic: AnswerFile, Level: Documented,
		Says:   "`Panther\\unattend.xml` is a place for the answer file of an image that is not running",
		Source: learnSetup + ", \"Replace the answer file in an offline image\"",
	},
	{
		ID: "component-names-case", Topic: AnswerFile, Level: Inferred,
		Says: "names of components are compared without case", Source: "so does the store of Windows' components",
	},
	{
		ID: "setup-uses-the-hook", Topic: AnswerFile, Level: Observed,
		Says: "in a generalized image the hook `SetupType`, `CmdLine` is Windows Setup's own", Source: "generalized hives; public deployment scripts",
	},
	{
		ID: "other-hooks", Topic: AnswerFile, Level: Documented,
		Says: "`SetupComplete.cmd` runs after Setup only, and `RunOnce` needs a logon", Source: "Microsoft Learn: Add a custom script to Windows Setup; Run and RunOnce registry keys",
	},
	{
		ID: "answer-file-words", Topic: AnswerFile, Level: Documented,
		Says: "passes, components and elements are those of the reference: commands, other ways to join, `ComputerName` " +
			"`*` for a name that Setup makes up",
		Source: "Microsoft Learn: Unattended Windows Setup Reference; How Configuration Passes Work; " +
			"Microsoft-Windows-UnattendedJoin",
	},
	{
		ID: "component-twice", Topic: AnswerFile, Level: Observed,
		Says:   "Setup stops at a component that is twice in one pass for one architecture",
		Source: "public reports: \"specified more than once\"",
	},
	{
		ID: "twice-in-one-place", Topic: AnswerFile, Level: Open,
		Says: "which of two passes, components, elements or files in one place Setup takes; such a file is refused",
	},
	{
		ID: "encoding-declared", Topic: AnswerFile, Level: Observed,
		Says:   "an answer file whose XML declaration names another encoding than its own is refused",
		Source: "public reports of the XML reader (MSXML)",
	},
	{
		ID: "cached-file-marks", Topic: AnswerFile, Level: Observed,
		Says:   "Setup marks passes it has been through in its cached file, and puts a mark in the place of sensitive text",
		Source: "public copies of cached files",
	},
}
