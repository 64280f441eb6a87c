package claims

// hives are the claims on registry hives (docs/internals/regf.md).
var hives = []Claim{
	{
		ID: "hive-loads", Topic: Hives, Level: Inferred,
		Says: "Windows' kernel loads hives that our engine made and edited, and reads in them what we wrote",
		Source: "ReactOS' hive checker accepts every hive we edited that it accepted before: 92 of 92, with 300 random edits each, " +
			"undone to equality; hivex, libregf and reged read them (tests)",
	},
	{
		ID: "hive-recovers", Topic: Hives, Level: Inferred,
		Says:   "Windows recovers a hive from our logs as our own reader does, in each state that a crash can leave",
		Source: twoOthers + "; ReactOS' checker: 10 of 10 dirty hives only after our commit",
	},
	{
		ID: "hive-written-back", Topic: Hives, Level: Inferred,
		Says: "what Windows writes into such a hive, our engine reads", Source: realHives + " are read alike by two independent readers",
	},
	{
		ID: "hive-descriptors", Topic: Hives, Level: Inferred,
		Says: "Windows takes our security descriptors as they are", Source: "[MS-DTYP] 2.4.6; real hives have the same form",
	},
	{
		ID: "hive-checked-by-reactos", Topic: Hives, Level: Observed,
		Says:   "ReactOS' checker of hives accepts every hive we edited that it accepted before",
		Source: "92 of 92 hives, with 300 random edits each, undone to equality: runs of its code with our hives",
	},
	{
		ID: "hive-recovered-for-reactos", Topic: Hives, Level: Observed,
		Says:   "hives that were not closed cleanly pass that checker only after our recovery and commit",
		Source: "10 of 10 dirty hives: runs of its code with our hives",
	},
	{
		ID: "hive-limits", Topic: Hives, Level: Documented,
		Says: "a key's name has 255 characters at most, a value's 16,383, keys lie 512 levels deep at most, and a value in a hive " +
			"of the older format has 1 MB",
		Source: "Microsoft Learn: Registry element size limits",
	},
	{
		ID: "hive-form", Topic: Hives, Level: Observed,
		Says:   "hives and their logs have the form that their two public descriptions say, of versions 1.3 to 1.6",
		Source: "real hives of Windows XP to 11, about 200 log entries that Windows wrote",
	},
	{
		ID: "hive-leftovers", Topic: Hives, Level: Observed,
		Says: "when Windows recovers or heals a hive, it leaves cells that nothing refers to, and descriptors that count " +
			"too many users",
		Source: "real hives; three hives before and after Windows' own recovery",
	},
	{
		ID: "key-descriptor", Topic: Hives, Level: Documented,
		Says:   "a new key's descriptor is computed from its parent's",
		Source: "[MS-DTYP] 2.5.3.4",
	},
	{
		ID: "registry-calls", Topic: Hives, Level: Documented,
		Says: "`RegSetValueEx` is given the type and the bytes, `RegFlushKey` ends when all is on the disk, `RegLoadKey` needs the " +
			"privileges of backup and restore, `RegLoadAppKey` none, and `RegSaveKeyEx` can save a hive without compression",
		Source: "Microsoft Learn: RegSetValueEx, RegFlushKey, RegLoadKey, RegLoadAppKey, RegCreateKeyEx, RegSaveKeyEx",
	},
	{
		ID: "hive-free-space", Topic: Hives, Level: Inferred,
		Says:   "a hive that is saved without compression keeps its free space",
		Source: "the flag says without compression (documented), and what compression leaves out is free space",
	},
}
