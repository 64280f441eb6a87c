package claims

// volumes are the claims on volumes and disks (docs/internals/disk.md).
var volumes = []Claim{
	{
		ID: "volume-read", Topic: Volumes, Level: Observed,
		Says: "volumes that Windows made are read as two independent readers read them", Source: realDisks,
	},
	{
		ID: "volume-forms", Topic: Volumes, Level: Observed,
		Says:   "our edits go by what volumes of Windows show: their flags, logs, bitmaps, directories, and who may read which file",
		Source: "23 NTFS volumes that Windows wrote, of " + realDisks + "; copies that our engine edited stay sound for an independent checker",
	},
	{
		ID: "volume-mounts", Topic: Volumes, Level: Inferred,
		Says:   "Windows mounts volumes that our engine edited, and `chkdsk` finds nothing to mend",
		Source: "an independent checker, ntfsfix, ntfsresize and ntfs-3g find nothing new on edited copies of those volumes",
	},
	{
		ID: "volume-descriptors", Topic: Volumes, Level: Inferred,
		Says: "files that our engine made have the access list that Windows shows for them", Source: "`$SDS` entries as Windows wrote them",
	},
	{
		ID: "chkdsk-code", Topic: Volumes, Level: Documented,
		Says: "`chkdsk` ends with 0 when it found nothing", Source: "Microsoft Learn: chkdsk",
	},
	{
		ID: "start-leaves-traces", Topic: Volumes, Level: Inferred,
		Says:   "a start of Windows changes the beginnings of `$LogFile`, `$MFT` and the SYSTEM hive",
		Source: "it opens the volume's log and the hive, which have sequence numbers there",
	},
	{
		ID: "virtual-disk-calls", Topic: Volumes, Level: Inferred,
		Says:   "virtdisk.dll attaches a disk without a drive letter, and differencing disks are made and detached as we call it",
		Source: "Microsoft Learn: OpenVirtualDisk, AttachVirtualDisk, CreateVirtualDisk; order and arguments are tested",
	},
	{
		ID: "virtual-disk-functions", Topic: Volumes, Level: Documented,
		Says: "virtdisk.dll makes, attaches and detaches disks, also without a drive letter; an overlay holds the " +
			"identifier of its parent; a volume tells its disk and whether it is dirty",
		Source: "Microsoft Learn: OpenVirtualDisk, AttachVirtualDisk, ATTACH_VIRTUAL_DISK_FLAG, CreateVirtualDisk, " +
			"CREATE_VIRTUAL_DISK_PARAMETERS, FSCTL_IS_VOLUME_DIRTY and the others named in the document; [MS-VHDX]",
	},
	{
		ID: "one-signature-online", Topic: Volumes, Level: Documented,
		Says:   "Windows keeps a disk offline while another with its signature is online",
		Source: "Microsoft Learn: VDS_DISK_OFFLINE_REASON; Mark Russinovich, at Microsoft: Fixing Disk Signature Collisions",
	},
	{
		ID: "one-identifier-online", Topic: Volumes, Level: Inferred,
		Says:   "so it does with two overlays of one golden disk, also GPT ones, and a new attachment brings the second online",
		Source: "`one-signature-online`; VDS_DISK_OFFLINE_REASON gives the identifier of a GPT disk as a reason, too (documented)",
	},
	{
		ID: "running-disk-held", Topic: Volumes, Level: Inferred,
		Says:   "a running machine of Hyper-V keeps other programs of its host out of its disk",
		Source: "share modes of files (documented)",
	},
	{
		ID: "hibernation-file", Topic: Volumes, Level: Observed,
		Says:   "`hiberfil.sys` begins with `HIBR`, `WAKE` or `RSTR`, in either case, while a Windows is hibernated",
		Source: "public forensic tools",
	},
	{
		ID: "full-shutdown", Topic: Volumes, Level: Observed,
		Says: "`shutdown /s /t 0 /full`, and `HiberbootEnabled` 0, let Windows shut down without fast startup", Source: "public guides and scripts",
	},
	{
		ID: "hibernation-off", Topic: Volumes, Level: Documented,
		Says: "`powercfg /h off` turns hibernation off, and fast startup is a way to shut down that writes the hibernation file",
		Source: "Microsoft Learn: How to disable and re-enable hibernation on a computer that is running Windows; System Power " +
			"States",
	},
}
