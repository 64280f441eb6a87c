package claims

// blobs are the claims on blobs and Windows' own function.
var blobs = []Claim{
	{
		ID: "request-takes-our-blobs", Topic: Blobs, Level: Inferred,
		Says:   "`NetRequestOfflineDomainJoin` takes blobs that we composed and blobs that Samba made",
		Source: "Samba reads ours, and ours are equal to Samba's byte by byte where both say the same; Windows 11 24H2 took Samba's (published by others)",
	},
	{
		ID: "request-codes", Topic: Blobs, Level: Documented,
		Says: "the codes of it and of its successor for damaged data, an unknown version, a foreign image and a domain controller " +
			"are those that we refuse with",
		Source: "Microsoft Learn: NetRequestOfflineDomainJoin (5, 50, 87, 2138), NetRequestProvisioningPackageInstall, its successor " +
			"(2709 to 2719); that ours mean the same in each case is inferred",
	},
	{
		ID: "offline-request", Topic: Blobs, Level: Documented,
		Says: "`NetRequestOfflineDomainJoin` takes a blob for an image at a path, or for the running Windows from an " +
			"elevated administrator; the join counts after the next start",
		Source: "Microsoft Learn: NetRequestOfflineDomainJoin",
	},
	{
		ID: "error-codes", Topic: Blobs, Level: Documented,
		Says: "codes have the names and numbers of `lmerr.h` and `winerror.h`",
		Source: "Microsoft Learn: Network Management Error Codes, System Error Codes, and `lmerr.h` of the Windows SDK for the codes " +
			"above 2719; that ours mean the same in each case is our judgement",
	},
	{
		ID: "blob-structures", Topic: Blobs, Level: Documented,
		Says: "the structures of a blob, GUIDs of its parts, what each is for, and that the password lies in it in clear",
		Source: "Microsoft Learn: Offline domain join IDL definitions, and the page of each structure; DOMAIN_CONTROLLER_INFO; " +
			"[MS-RPCE], [MS-DTYP]",
	},
	{
		ID: "blob-bytes", Topic: Blobs, Level: Observed,
		Says: "how the structures lie in the bytes, which formats and parts a writer takes, and how long the password " +
			"is: 120 characters",
		Source: "blobs of Samba 4.17 and 4.22 and one of Windows Server 2019; our writer makes the same bytes but for the " +
			"numbers of pointers",
	},
	{
		ID: "blob-files", Topic: Blobs, Level: Observed,
		Says:   "`djoin` writes base64 in UTF-16LE with a byte order mark and a NUL",
		Source: "public files, logs and tools; Samba writes the same",
	},
	{
		ID: "blob-readings", Topic: Blobs, Level: Inferred,
		Says: "`Options` has the flags of the call, JOIN_PROVIDER2 comes with a site or DNS domain, an unknown part of " +
			"that form is JOIN_PROVIDER4, and an unknown format is none of the join",
		Source: "the blobs of `blob-bytes`, and `blob-structures`",
	},
	{
		ID: "default-password", Topic: Blobs, Level: Documented,
		Says: "a machine's default password is its name in lower case, and the well-known one of an account that was made " +
			"beforehand is the first 14 characters of that",
		Source: "Microsoft Learn: NetProvisionComputerAccount (NETSETUP_PROVISION_USE_DEFAULT_PASSWORD); " +
			"Microsoft-Windows-UnattendedJoin, its settings MachinePassword and UnsecureJoin",
	},
	{
		ID: "root-certificates", Topic: Blobs, Level: Inferred,
		Says:   "`/rootcacerts` puts the forest's certification authorities into a blob",
		Source: "`forest-authorities`, and the name of the option",
	},
}
