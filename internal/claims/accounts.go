package claims

// accounts are the claims on machines and accounts.
var accounts = []Claim{
	{
		ID: "secure-channel", Topic: Accounts, Level: Inferred,
		Says:   "a machine that was joined so has its secure channel, and domain accounts can log on",
		Source: "a join makes a trust between machine and domain (documented: Offline Domain Join (Djoin.exe) Step-by-Step Guide)",
	},
	{
		ID: "editions", Topic: Accounts, Level: Documented,
		Says: "home editions and S mode take no domain; a Nano Server is joined by `djoin` that runs on it, or while its image is made",
		Source: "Microsoft Learn: Network Management Error Codes (2698), Deploy Nano Server; Microsoft's comparisons of editions; " +
			"names of editions are observed",
	},
	{
		ID: "clones-sid", Topic: Accounts, Level: Observed,
		Says:   "Windows 11 24H2 and later and Server 2025 refuse Kerberos and NTLM between machines of one machine SID",
		Source: "public reports since the updates of August and September 2025",
	},
	{
		ID: "naming-rules", Topic: Accounts, Level: Documented,
		Says:   "a computer's NetBIOS name has 1 to 15 characters, and some are forbidden",
		Source: "Microsoft: Naming conventions in Active Directory for computers, domains, sites, and OUs",
	},
	// docs/first-boot-on-a-machine.md, "Logging on to a domain".
	{
		ID: "automatic-logon", Topic: Accounts, Level: Documented,
		Says: "four values of `Winlogon` log an account on at the start; a count that is used up, a notice at logon and an Exchange " +
			"ActiveSync policy stop that",
		Source: "Microsoft Learn: Turn on automatic logon in Windows; Microsoft-Windows-Shell-Setup, its setting LogonCount",
	},
	{
		ID: "automatic-logon-waits", Topic: Accounts, Level: Inferred,
		Says: "… when policies let logons wait for the network, that one, too", Source: "`logon-policies` says it of every logon",
	},
	{
		ID: "logon-policies", Topic: Accounts, Level: Documented,
		Says:   "policies let the first logon wait for the network, and leave out the privacy questions and the animation",
		Source: "Microsoft's templates Logon.admx, GroupPolicy.admx and OOBE.admx; Microsoft Learn: Policy CSP - ADMX_Logon",
	},
	{
		ID: "clock-is-utc", Topic: Accounts, Level: Observed,
		Says: "`RealTimeIsUniversal` makes Windows take the machine's clock for UTC", Source: "public guides for machines with two systems",
	},
	{
		ID: "driver-of-the-card", Topic: Accounts, Level: Inferred,
		Says: "Windows has a driver for the network card e1000e of qemu", Source: "it is a card of Intel's, and Windows has drivers for those",
	},
	{
		ID: "name-resolution-policy", Topic: Accounts, Level: Documented,
		Says:   "a rule of the name resolution policy table asks a DNS server of its own for the names of a domain",
		Source: "Microsoft Learn: Add-DnsClientNrptRule; [MS-GPNRPT] 2.2.2",
	},
	{
		ID: "controller-by-name-policy", Topic: Accounts, Level: Inferred,
		Says: "… and Windows finds the domain's controllers by it", Source: "they are found by DNS (documented)",
	},
	{
		ID: "profile-list", Topic: Accounts, Level: Documented,
		Says:   "`ProfileList` has a key for each profile, named by the account's SID",
		Source: "Microsoft KB 947215",
	},
	{
		ID: "profile-list-soon", Topic: Accounts, Level: Inferred,
		Says: "… which is in the hive's files minutes after a first logon", Source: "Windows writes changed hives down by itself (observed)",
	},
	{
		ID: "new-machine-sid", Topic: Accounts, Level: Documented,
		Says:   "`sysprep /generalize /oobe /shutdown` prepares an image whose clones get a SID of their own",
		Source: "Microsoft Learn: Sysprep (Generalize) a Windows installation",
	},
	{
		ID: "right-to-create", Topic: Accounts, Level: Documented,
		Says: "`dsacls` gives the right to create computers in an OU; without it a user makes ten, unless " +
			"`ms-DS-MachineAccountQuota` is 0",
		Source: "Microsoft Learn: Dsacls; Default limit to number of workstations a user can join to the domain; DirectAccess " +
			"Offline Domain Join",
	},
	{
		ID: "quota-owner", Topic: Accounts, Level: Documented,
		Says:   "who makes an account by that quota does not own it: the domain's administrators do",
		Source: "Microsoft Learn: Add workstations to domain",
	},
	{
		ID: "account-reuse", Topic: Accounts, Level: Documented,
		Says:   "since 2022 an account is taken again only by its creator, of an administrator, or of a trusted owner",
		Source: "Microsoft: KB5020276; Microsoft Learn: Active Directory domain join permissions",
	},
	{
		ID: "password-age", Topic: Accounts, Level: Documented,
		Says:   "a member changes its password every 30 days by default",
		Source: "Microsoft Learn: Domain member: Maximum machine account password age",
	},
	{
		ID: "ticket-lifetime", Topic: Accounts, Level: Documented,
		Says: "a ticket is good for 10 hours by default", Source: "Microsoft Learn: Maximum lifetime for service ticket",
	},
	{
		ID: "tickets-outlive", Topic: Accounts, Level: Documented,
		Says: "… also when its account is disabled meanwhile", Source: "Microsoft Learn: Maximum lifetime for service ticket",
	},
	{
		ID: "ldap-signing", Topic: Accounts, Level: Documented,
		Says:   "Windows Server 2025 requires LDAP signing by default in new domains",
		Source: "Microsoft Learn: LDAP signing for Active Directory Domain Services",
	},
	{
		ID: "single-label-domain", Topic: Accounts, Level: Documented,
		Says: "a machine that is in another forest, or in none, asks DNS for the controllers of a domain of one label only by the " +
			"policy AllowSingleLabelDnsDomain",
		Source: "Microsoft Learn: Configuring Active Directory domains that use single-label DNS names; Policy CSP - ADMX_Netlogon",
	},
	{
		ID: "forest-authorities", Topic: Accounts, Level: Documented,
		Says:   "the certification authorities that machines of a forest trust are in one container",
		Source: "Microsoft: Certification Authorities container; [MS-WCCE] 2.2.2.11.2 has the place of the container beside it",
	},
	{
		ID: "sspi-kerberos", Topic: Accounts, Level: Documented,
		Says:   "Kerberos of SSPI makes the same tokens as GSS-API",
		Source: "Microsoft Learn: SSPI/Kerberos Interoperability with GSSAPI",
	},
}
