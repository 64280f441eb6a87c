// Package agefile opens and makes age-encrypted files (age-encryption.org/v1, binary and armored), which is how a blob
// travels and rests: only whoever holds the identity (the secret key) can read it.
//
//	file ─► Is ─► Open(file, Identities(identity file)) ─► blob
//	blob ─► Seal(blob, Recipients) ─► file
//
// What can open a file is what age-keygen writes (X25519 and post-quantum hybrid keys, any number of them) and an SSH
// private key. What needs somebody to answer is refused with the way out: passphrases, and plugins, which are programs
// of others that would be started from inside Terraform or Packer.
//
// Everything happens in memory and within bounds, whoever made the file. No error repeats anything of a key: the errors
// of package age quote what they cannot read, so none of them is passed on.
package agefile
