// Command terraform-provider-offlinejoin is the Terraform and OpenTofu provider.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/offlinejoin/offlinejoin/internal/coredump"
	"github.com/offlinejoin/offlinejoin/internal/version"
	"github.com/offlinejoin/offlinejoin/provider/offlinejoin"
)

// address is where registries know the provider.
const address = "registry.terraform.io/offlinejoin/offlinejoin"

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger and print how Terraform finds this process")
	flag.Parse()
	if !*debug { // a debugger may look into no process without dumps
		_ = coredump.Off() // where it cannot be, the program is no worse than others
		offlinejoin.PrepareProcess()
	}
	err := providerserver.Serve(context.Background(), offlinejoin.New(version.String()), providerserver.ServeOpts{
		Address: address, Debug: *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
