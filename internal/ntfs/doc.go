// Package ntfs reads an NTFS volume of a Windows that is not running, and plans changes of it. It never writes: a transaction
// hands out patches, and whoever holds the disk image carries them out. It knows nothing of disks, images or Windows.
//
// A volume is a file system in which everything is a file (sources: the public descriptions of NTFS' on-disk format, and
// volumes that Windows XP to Server 2022 made (observed)):
//
//	boot sector   geometry, and where $MFT begins                                            boot.go
//	$MFT          FILE records of 1 or 4 KiB, one or more for each file                      record.go
//	  attributes  of a record: names, data, index, …; in it, or in runs of clusters          attribute.go, runs.go
//	  streams     an attribute's content, over all its pieces; also compressed               reader.go, lznt1.go
//	directories   B-trees of names in upper-case order                                       index.go, name.go, lookup.go
//	$Secure       security descriptors by number                                             security.go
//	$Bitmap       which clusters are in use                                                  bitmap.go
//	$LogFile      NTFS' own journal; it must be empty or closed before a change              logfile.go
//
// [Open] reads what describes the volume ([Volume]). What must not be changed may still be read: [Volume.Writable] is the
// other question. Volumes that are dirty, hibernated, marked for chkdsk, with changes waiting in $LogFile, of another
// version than 3.1 or whose $MFTMirr differs are read and not changed; what is encrypted or damaged where it matters is
// not even read. The reasons are [Refused] errors with a [Kind].
//
// [Volume.Begin] starts a transaction ([Tx]): a view of the volume in which changes stay in memory and can be read back.
//
//	contents      [File]: overwrite in place, grow, shrink                                   file.go, grow.go
//	files         create, replace, rename, remove; directories                               create.go, replace.go, remove.go
//	              times and attributes                                                       standard.go
//	records       a free one, or $MFT grows                                                  mftgrow.go
//	directories   insert and remove with splits and joins of index blocks                    indexedit.go, indexblocks.go
//	the result    [Tx.Plan]: fills, and ordered groups of patches                            view.go, plan.go
//
// The plan's order is what makes it safe. Content of new files goes to clusters that are free on disk (fills), and nothing
// freed is used again in the same transaction, so that undoing the groups brings the old state back. Between two barriers,
// bits of the bitmaps are set before FILE records need them, records are written before names lead to them, names go
// before their records, and bits are cleared last. At the end of each group, with no journal at all, a volume has at
// most clusters or records that are marked and not used, or a file without a name; a name that another file takes over
// is never missing. A change that would need another order begins a new part of the plan by itself, as if there had
// been a barrier. What was freed is zeroed in a last group.
//
// What is left alone: $LogFile, the USN journal (which will not mention the changes), object ids and quotas. Names that DOS
// could hold are in both namespaces, other names get no DOS twin. New files reuse a security id, or carry their
// own descriptor. Whether Windows' chkdsk agrees with the result is inferred from other checkers; none was asked.
//
// A volume may be made by an enemy: every offset, count and length is checked before it is used, walks are bounded, and no
// block is reached twice.
package ntfs
