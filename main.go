// Offlinejoin stages an Active Directory provisioning blob into a Windows image that is not running, from the command
// line. Packer's and Terraform's plugins (provisioner/, provider/) do the same through the same core.
package main

import (
	"context"
	"os"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/coredump"
)

func main() {
	_ = coredump.Off() // where it cannot be, the program is no worse than others
	os.Exit(cli.Run(context.Background(), os.Args[1:], cli.Process()))
}
