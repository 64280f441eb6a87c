// Offlinejoin stages an Active Directory provisioning blob into a Windows image that is not running, from the command
// line. Packer's and Terraform's plugins (provisioner/, provider/) do the same through the same core.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/coredump"
)

func main() {
	_ = coredump.Off() // where it cannot be, the program is no worse than others
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	os.Exit(cli.Run(context.Background(), os.Args[1:], cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Interrupts: interrupts,
		// A signal that is taken makes writes to a broken pipe fail; one that is ignored would stay so in programs that are run.
		Outlive: func() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) },
	}))
}
