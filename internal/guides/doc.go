// Package guides holds no code, only tests of what the guides in docs/guides show:
//
//	blocks_test.go         every block of a guide is a file in examples/guides or examples/fleets, and every such file is shown
//	shell_test.go          the shell blocks are run, with the sample golden image and this command line
//	powershell_test.go     so are the commands of the PowerShell blocks; the cmdlets around them are compared with a table
//	nested_test.go         names inside of attributes of Terraform blocks are in the schemas; terraform itself does not look
//	fleets_linux_test.go   the recipes of examples/fleets are run as they stand, on hosts made of namespaces, with one ledger
//	ansible_linux_test.go  so is the playbook there, by ansible itself
//	slurm_linux_test.go    and the array there, by Slurm itself where that is installed
//
// The Terraform blocks are applied in internal/e2e (against the stand-ins there), the Packer blocks are built there, and the
// Kubernetes manifests are decoded in internal/tools/manifests.
//
// What plays other programs (qemu's machine, guestmount, kubectl, Proxmox' qm) is a script that checks what it is given as
// far as a file shows it: see programs in shell_test.go.
package guides
