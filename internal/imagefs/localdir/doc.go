// Package localdir is an image that is mounted on this machine, or lies in a directory of it: [Open] returns a session
// of package imagefs, and [OpenTree] one directory as a volume.
//
// Each component of a name is looked at before it is opened, opened below its parent's handle, and compared with what
// was looked at, so an exchange in between is noticed, and nothing outside the image is ever read or written.
package localdir
