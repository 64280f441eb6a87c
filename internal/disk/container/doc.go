// Package container holds the vocabulary that all kinds of disk image files share: the virtual disk inside an image file,
// the plan that turns writes to that disk into pieces of the file, and the closed set of reasons to refuse a file.
//
// A container never writes. Whoever wants to change an image file asks its [Container] for a [FilePlan] and carries that
// out with a journal of its own, or puts it into a copy of the file. The package is a leaf: it imports nothing of the
// project and knows neither formats nor file systems.
package container
