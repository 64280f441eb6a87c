// Package regf is a registry hive engine: it reads Windows registry files (format versions 1.3 to 1.6), applies their
// pending transaction logs, edits keys and values in place, and commits with the write-ahead protocol of Windows itself,
// so that at every instant the hive is either the old or the new one. It knows nothing of Windows installations or joins.
//
// A hive is a primary file and up to two logs ([Files]):
//
//	base block  4096 bytes, two sequence numbers: they differ while changes wait in the logs     header.go
//	hive bins   runs of 4 KiB pages; cells tile a bin                                            bins.go, alloc.go
//	  nk  a key         → subkey list (li, lf, lh, ri), value list, security, class name        key.go, index.go
//	  vk  a value       → inline data, one cell, or segments (db)                               value.go, bigdata.go
//	  sk  a descriptor  shared by all keys that have it, counted, in one ring                   security.go
//	logs        entries of whole pages with hashes (HvLE, Windows 8.1 and later)                replay.go
//	            or one set of 512-byte blocks (DIRT, before)                                    dirt.go
//
// [Open] reads the header and, when the hive was not closed cleanly, the logs; their pages become an overlay over the
// primary file, as Windows would see it. Everything else is read when it is asked for, in pages of 4 KiB: one value by its
// path costs a few pages of a hive of any size.
//
// Changes ([Hive.CreateKey], [Key.SetValue], [Key.DeleteValue], [Hive.DeleteKey]) go into the overlay only. What they rely
// on is verified first: that bins tile the hive and cells their bin. [Hive.Commit] makes a [CommitPlan] of them, an ordered
// list of writes and barriers, and carries it out; whoever has another kind of file carries out the same list. A failure
// before the plan's durable point is undone, and after it the log completes the change.
//
// [Check] verifies everything that is known of sound hives, [Walk] yields every key and value in the order of their
// names, [Dump] writes the logical content in a form that can be
// compared with other readers, and [Create] makes a new hive.
//
// A hive may be made by an enemy. Every offset, count and length is checked before it is used; damage is a [CorruptError];
// no key is reached twice, so every walk ends. Free cells are zeroed: what was deleted is gone, and with
// CommitOptions.Scrub it is gone from the logs, too.
//
// Sources: the public regf specification, and measurements on real hives of Windows XP to 11 and on logs that Windows wrote
// (observed). That Windows takes what this package writes is inferred from byte-exact replay of Windows' own logs and from
// other readers; no Windows kernel has been asked.
package regf
