// Package e2e holds no code of its own, only tests of the whole line, from HCL to the registry of an image and on to
// first boot. Nothing is replaced by something easier:
//
//   - the command line and both plugins are built as they are released, and the real packer and the real terraform run
//     them;
//   - the image's SYSTEM and SECURITY hives are those of Windows 10 machines that were not shut down cleanly, with
//     their logs;
//   - the blobs are made by Samba in a live domain of its own, for this run;
//   - the completion program that staging put in the image runs under Wine, on the registry that staging left, and
//     writes back what it did;
//   - the bytes that Windows' function would have received go to a judge that nobody here wrote: Samba takes them
//     without a network, and then the machine logs on to the domain.
//
// The scripts in testdata read like a terminal. TestEndToEnd has parts, for -run: line (the way of one join),
// secrets (nothing outside the image holds the password), refusals (bad input gets its documented code, and not one
// byte is written).
//
// The part packer drives every component of the plugin, every example in examples/packer and every way to stop a build;
// a remote tree goes through Packer's SSH communicator to Debian's sshd.
//
// The part attack lets an enemy exchange, replace, fill and damage what the command line reads and writes; `make attack` does
// it long, with a line for each attack: what was expected, and what came of it.
//
// What is not proved here: that Windows itself starts the program, and that its function takes the blob.
package e2e
