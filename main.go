// Offlinejoin stages an Active Directory provisioning blob into a Windows image that is not running, from the command
// line. Packer's and Terraform's plugins (provisioner/, provider/) do the same through the same core.
package main

import (
	"context"
	"os"
	"os/signal"

	"github.com/offlinejoin/offlinejoin/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
