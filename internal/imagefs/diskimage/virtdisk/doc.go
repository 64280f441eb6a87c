// Package virtdisk lets Windows itself open VHD and VHDX files, on a Windows host, for the two things that our own engine
// does not do: a differencing disk as the image, and a new differencing disk as the overlay of a VHD or VHDX. [Attach] is for the
// lab, which asks Windows what it reads. Everything
// else in a disk image file is our engine's on every system (package diskimage), because that needs no elevation.
//
//	structures and constants   as Microsoft documents them                                  api.go
//	the functions of Windows   one struct, so that the order of the calls is tested anywhere system.go, system_windows.go
//	attach and detach          OpenVirtualDisk to DetachVirtualDisk                          attach.go
//	find the volume            by the number of the disk, with a bounded wait                volumes.go
//	session                    package localdir on \\?\Volume{GUID}\Windows                  session.go
//	new disk                   CreateVirtualDisk under a temporary name, then its own        overlay.go
//	which of both              Makes, Opens                                                  choose.go
//	errors                     of Windows, with what to do                                   errors.go
//
// The disk is attached without a drive letter and for no longer than the process lives: without
// ATTACH_VIRTUAL_DISK_FLAG_PERMANENT_LIFETIME Windows detaches it when its handle is closed, also after a crash
// (documented, ATTACH_VIRTUAL_DISK_FLAG). Windows' own NTFS mounts the volume then, and may write to it by itself, such as to replay
// its log: what is refused after that leaves the image whole, and not byte for byte.
//
// This package was never run on a Windows: what the calls do is documented, and that they are made as documented is tested.
package virtdisk
