// Package diskimage opens the Windows inside a disk image file as an imagefs.Session: no mount, no root, no driver.
//
//	disk       the virtual disk in the file, locked against whoever runs it              open.go
//	partition  the one that holds a Windows, found and not asked for                     find.go
//	ntfs       the volume, and a transaction in memory                                   volume.go, file.go, newfile.go
//	Prepare    the transaction as writes of the disk, and as pieces of the file          plan.go
//	Commit     in place with an undo journal, or a new disk made from the golden one     commit.go
//	secrets    old bytes that no journal may keep                                        secret.go
//	refusals   every reason of the packages below, with its code                         errors.go
//
// Nothing reaches the file before Commit. An image that is changed in place has its journal beside it, FILE.odjundo, while
// that lasts; one that a crash has left there is undone (or completed) when the image is opened for writing, and shown as
// undone when it is only read. A machine must not be started while there is one.
//
// A golden image is only read: an overlay is a new qcow2 image that stands on it, a copy a new file of the same format.
// Once made, the new disk is an image of its own.
package diskimage
