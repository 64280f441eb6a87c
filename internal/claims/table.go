package claims

import "slices"

// Sources that several claims have.
const (
	azureRepair = "public repair tools for virtual machines (Azure VM repair) set it in offline hives, up to current Windows"
	deployment  = "Microsoft's own MDT and Configuration Manager scripts set `CmdLine` with `SetupType` 2 and use " +
		"`SetupShutdownRequired` with it; several products set it offline on completed images up to Windows 11"
	learnJoin  = "Microsoft Learn: NetRequestOfflineDomainJoin, DirectAccess Offline Domain Join (`/localos`, then a restart)"
	joinCodes  = "Microsoft Learn: NetRequestProvisioningPackageInstall, Network Management Error Codes"
	learnSetup = "Microsoft Learn: Windows Setup Automation Overview"
	unattended = "Microsoft Learn: Microsoft-Windows-UnattendedJoin, its settings Provisioning and AccountData"
	realHives  = "194 real hives of Windows NT 4 to 11"
	realDisks  = "44 real volumes and disks that Windows XP to 10 and Server 2022, Hyper-V, qemu, VMware and others made"
	twoOthers  = "follows from the descriptions of the format and from two other programs that replay logs"
	stockHives = "real hives of Windows 7 to 11 and Server 2008 to 2022"
	earlyProof = "a deployment product runs `djoin /requestodj … /localos` as SYSTEM before the first logon"
)

// table has all claims, topic by topic.
var table = slices.Concat(firstBoot, answerFile, hives, volumes, files, blobs, accounts, images)
