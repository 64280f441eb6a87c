// Package imagefs says where a Windows image is ([Location]), which of all images that is ([Identity]), and what one
// visit to it is like: a [Session], which is a small file system ([Volume]) rooted at the drive, with an end.
//
// The kinds of images are in packages of their own: localdir has a mounted tree of this machine, remotedir one that is
// mounted on another; package open knows them all. What is here is what they share: the words, the rules of names, and
// the errors.
//
// An image may be made by an enemy, and its names were made by Windows. So every name given to a Volume
//
//   - is relative to the root of the drive, with slashes (Windows/System32/config/SYSTEM), and is found without regard
//     to the case of ASCII letters: the exact spelling wins, several others are an [AmbiguousError];
//   - never leads through or to a symbolic link, junction, device, pipe or socket: that is an [IrregularError].
//
// New files and directories are made for their owner only (0600, 0700) and never over something that exists.
//
// Every error of a Volume is a [winerr.Error] with a documented code, and matches fs.ErrNotExist, fs.ErrExist or
// fs.ErrPermission where those fit. io.EOF passes as it is.
package imagefs
