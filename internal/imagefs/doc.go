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
// What only some kinds of sessions can do they say by an interface more, and whoever needs it asks for it; the functions of this
// package that take a Volume ([Security], [ExposureOf], [ReadHead], [Retains]) do without it where it is missing. A session that
// wraps another has to pass each of them on.
//
//	interface    localdir  remotedir  diskimage  virtdisk  tells or does
//	Secured      yes       no         yes        yes       security descriptors of files
//	Attributed   yes       no         yes        yes       mode or attributes, and times
//	Linked       yes       no         no         yes       a second name for a file
//	Exposed      yes       no         yes        yes       who else can read or write a file
//	Retaining    yes       no         yes        yes       a file system below that keeps old bytes
//	HeadReader   no        yes        no         no        the first bytes of a file that is far away
//	Flagged      yes       no         no         yes       the flags of an NTFS volume, where opening does not judge them
//	Deferred     no        yes        yes        no        nothing reaches the image before Commit
//	Making       no        yes        yes        yes       a new disk made from a golden image
//	Progressing  no        no         yes        no        how far a long Commit is
//	Noted        no        no         yes        no        what there is to say of the image
//	Founded      no        no         yes        no        the golden image below an overlay
//	DiskFile     no        no         yes        no        the disk image file as a whole
//
// Every error of a Volume is a [winerr.Error] with a documented code, and matches fs.ErrNotExist, fs.ErrExist or
// fs.ErrPermission where those fit. io.EOF passes as it is.
package imagefs
