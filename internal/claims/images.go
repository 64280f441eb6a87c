package claims

// images are the claims on what is read in an image (docs/internals/windows.md, section 5).
var images = []Claim{
	{
		ID: "image-hives", Topic: Images, Level: Observed,
		Says: "SYSTEM, SOFTWARE, SECURITY and SAM with their logs lie in `System32\\config`", Source: stockHives,
	},
	{
		ID: "image-control-set", Topic: Images, Level: Documented,
		Says: "`Select` names the control set of the next boot (`Default`)", Source: "Microsoft: Select, in the reference of the Windows 2000 registry; KB 102984; " + stockHives,
	},
	{
		ID: "image-kind", Topic: Images, Level: Observed,
		Says: "`ProductType` tells clients, servers and domain controllers", Source: stockHives,
	},
	{
		ID: "image-version", Topic: Images, Level: Observed,
		Says: "`Windows NT\\CurrentVersion` has name, edition and build", Source: stockHives,
	},
	{
		ID: "image-architecture", Topic: Images, Level: Observed,
		Says: "`PROCESSOR_ARCHITECTURE`, or the machine field of a system program, tells the architecture", Source: stockHives + "; PE format: Microsoft Learn",
	},
	{
		ID: "image-nano-server", Topic: Images, Level: Observed,
		Says:   "`InstallationType` tells a Nano Server, which is joined by means of its own",
		Source: "public reports and images; that it has means of its own: Microsoft Learn: Deploy Nano Server",
	},
	{
		ID: "image-s-mode", Topic: Images, Level: Observed,
		Says:   "`SkuPolicyRequired` tells S mode, which cannot join a domain",
		Source: "public reports; that it cannot join: Microsoft Learn",
	},
	{
		ID: "image-state", Topic: Images, Level: Documented,
		Says: "`ImageState` tells how far Setup is", Source: "Microsoft Learn: Windows Setup States",
	},
	{
		ID: "image-setup-flags", Topic: Images, Level: Observed,
		Says: "flags of `SYSTEM\\Setup` tell that the next boot runs Setup", Source: stockHives,
	},
	{
		ID: "image-setup-command", Topic: Images, Level: Inferred,
		Says: "windeploy, setup.exe or setupcl in `CmdLine` mean that the next boot is Setup's", Source: "generalized hives have them",
	},
	{
		ID: "image-names", Topic: Images, Level: Observed,
		Says: "where the machine's names are", Source: stockHives,
	},
	{
		ID: "image-membership", Topic: Images, Level: Observed,
		Says: "`SECURITY\\Policy` tells the membership", Source: stockHives,
	},
	{
		ID: "image-machine-sid", Topic: Images, Level: Observed,
		Says: "the value `V` of `SAM\\Domains\\Account` ends with the machine SID", Source: stockHives,
	},
	{
		ID: "image-pending-marks", Topic: Images, Level: Observed,
		Says:   "three keys tell that another tool's join is pending",
		Source: "a published Sysmon configuration and configuration-management tools test for them",
	},
	{
		ID: "image-logs", Topic: Images, Level: Documented,
		Says: "`debug\\NetSetup.log` and `Panther` are the places to look after a boot", Source: "Microsoft Learn: Windows Setup Log Files and Event Logs; NetRequestProvisioningPackageInstall",
	},
	{
		ID: "image-display-name", Topic: Images, Level: Observed,
		Says:   "Windows 11 calls itself Windows 10 in `ProductName`",
		Source: "real hives of Windows 11",
	},
	{
		ID: "image-windows-11", Topic: Images, Level: Documented,
		Says:   "the first build of Windows 11 is 22000",
		Source: "Microsoft Learn: Windows 11 release information",
	},
	{
		ID: "image-edition-forms", Topic: Images, Level: Inferred,
		Says:   "every family of home editions is spelt in all forms that editions are sold in",
		Source: "names of editions are observed; a spelling that does not exist costs nothing",
	},
}
