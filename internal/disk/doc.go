// Package disk opens disk image files: it recognises the format by what the file begins (or ends) with, locks the file
// against whoever runs a machine on it, follows the chain of backing files, and hands out the virtual disk.
//
// [Open] gives an [Image], which is a [container.Container]: a disk to read, and a planner that turns writes to the disk
// into pieces of the file. Nothing that exists is ever written by this package; new files come from [Image.Overlay], a
// qcow2 image over a golden one, and [Image.CopyTo], a copy of the same format. Both appear whole or not at all.
//
// The packages below it each hold one format or one matter: container the vocabulary, qcow2 (and others to come) the
// formats, partition the partition tables, lock the locks, newfile the making of new files. None of them knows a file
// system, and none imports anything else of the project.
package disk
