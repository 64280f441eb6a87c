// Package guest reaches the guest of a Packer build through its communicator, as a [remotedir.Machine]: a rescue or surrogate
// system that has the volume of a Windows image mounted.
//
// [Open] asks the guest what it is. A system with a POSIX shell is served by [posix]: small commands, bytes by standard
// input and output, nothing on the guest's disk but the image's own files. It needs sh, dd, find, head, stat, sync and
// one of sha256sum, shasum and openssl, as every Linux has them (GNU and BusyBox). WinPE and other Windows guests are
// served by [windows]: PowerShell, and the communicator's own upload and download. Each takes what a change does in one
// stream, so that a stage needs a dozen round trips at most, whatever it changes.
//
// A guest whose own running Windows is meant is refused: its registry is in use.
//
// The scripts are in posix/*.sh and powershell/*.ps1. What the guest answers is read in answers.go: the guest is trusted,
// the image that it has mounted is not.
//
// Everything about Windows guests here is inferred from documentation; no Windows guest has run these commands yet.
package guest
