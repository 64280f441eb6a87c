// Package imagefs says where a Windows image is, and gives what is there as a small file system, [FS]: a mounted Windows
// directory ([Directory]), or one that is mounted on another machine ([Remote]); disk image files implement the same
// interface later.
//
// An image may be made by an enemy, and its names were made by Windows. So every name given to an FS
//
//   - is relative to the Windows directory, with slashes (System32/config/SYSTEM), and is found without regard to the
//     case of ASCII letters: the exact spelling wins, several others are an [AmbiguousError];
//   - never leads through or to a symbolic link, junction, device, pipe or socket: that is an [IrregularError]. Each
//     component is looked at before it is opened, opened below its parent's handle, and compared with what was looked
//     at, so an exchange in between is noticed and nothing outside the image is ever read or written.
//
// New files and directories are made for their owner only (0600, 0700) and never over something that exists.
//
// Every error is a [winerr.Error] with a documented code, and matches fs.ErrNotExist, fs.ErrExist or fs.ErrPermission
// where those fit.
package imagefs
