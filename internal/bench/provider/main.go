// Command provider is a provider for measurements, which nobody installs. It is the shipped one, and writes what the CPU
// did to a profile when it ends; or the floor: staged_join with the same schema, validators, defaults and identity, which
// looks at no image and no blob, and does nothing. What the floor costs is Terraform's protocol and the framework.
//
//	OFFLINEJOIN_BENCH_FLOOR=1       serve the floor
//	OFFLINEJOIN_BENCH_PROFILE=dir   write dir/cpu-PID.pprof
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime/pprof"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/offlinejoin/offlinejoin/provider/offlinejoin"
)

const address = "registry.terraform.io/offlinejoin/offlinejoin"

func main() {
	if err := serve(); err != nil {
		log.Fatal(err)
	}
}

func serve() (err error) {
	offlinejoin.PrepareProcess()
	create := offlinejoin.New("bench")
	if os.Getenv("OFFLINEJOIN_BENCH_FLOOR") == "1" {
		create = func() provider.Provider { return &floor{Provider: offlinejoin.New("bench")()} }
	}
	if dir := os.Getenv("OFFLINEJOIN_BENCH_PROFILE"); dir != "" {
		stop, err := profile(filepath.Join(dir, fmt.Sprintf("cpu-%d.pprof", os.Getpid())))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	return providerserver.Serve(context.Background(), create, providerserver.ServeOpts{Address: address})
}

// profile writes a CPU profile to a file until stop is called.
func profile(path string) (stop func() error, err error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error { pprof.StopCPUProfile(); return file.Close() }, nil
}
