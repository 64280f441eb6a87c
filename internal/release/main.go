// Release makes everything that users install, from this source, for one version:
//
//	go run ./internal/release -out FOLDER [-bin FOLDER] [-platforms LIST]          what `make dist` runs
//	go run ./internal/release pages -dist FOLDER -key FILE -into FOLDER            the static provider registry, with a key
//
// The first compiles the three products for six platforms and writes into FOLDER
//
//	offlinejoin/                      the command line: an archive for each platform, .deb and .rpm, bills of materials, and
//	                                  what Windows' application control wants of the completion programs
//	packer-plugin-offlinejoin/        the zip files that `packer init` looks for
//	terraform-provider-offlinejoin/   the zip files and the manifest that provider registries look for
//	pages/                            a provider registry made of static files
//	image/                            the command line as an OCI image, in the layout that `skopeo copy oci:…` takes
//	packages/                         files for Homebrew, Scoop and winget
//
// and beside the files of the first three their SHA256SUMS, which the release workflow signs. The same commit gives the same
// bytes, wherever it is built: nothing depends on the clock, the folder, the user or the build cache. `make dist-check`
// shows it. Nothing is uploaded, signed or downloaded here.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if len(os.Args) > 1 && os.Args[1] == "pages" {
		err = pagesCommand(os.Args[2:])
	} else {
		err = distCommand(ctx, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func distCommand(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("release", flag.ExitOnError)
	out := flags.String("out", ".build/dist", "the folder to write, which is emptied first")
	bin := flags.String("bin", ".build/release", "the folder for programs, kept from run to run")
	list := flags.String("platforms", "", "only these, such as linux/amd64,windows/arm64: for trials")
	compile := flags.Bool("compile", true, "compile the programs; else those that are in -bin are packed: for trials")
	_ = flags.Parse(args) // it ends the program
	chosen := platforms()
	if *list != "" {
		chosen = nil
		for name := range strings.SplitSeq(*list, ",") {
			goos, goarch, ok := strings.Cut(name, "/")
			if !ok {
				return fmt.Errorf("%q is no platform: write linux/amd64", name)
			}
			chosen = append(chosen, platform{goos, goarch})
		}
	}
	r, err := thisRelease(ctx)
	if err != nil {
		return err
	}
	d := &dist{release: r, out: *out, bin: *bin, platforms: chosen, asTheyAre: !*compile}
	return d.make(ctx)
}

func pagesCommand(args []string) error {
	flags := flag.NewFlagSet("release pages", flag.ExitOnError)
	from := flags.String("dist", ".build/dist", "the folder that `make dist` has written")
	key := flags.String("key", "", "the public key that has signed SHA256SUMS, armored")
	into := flags.String("into", "", "the folder of the static registry; versions that are there stay")
	_ = flags.Parse(args) // it ends the program
	if *key == "" || *into == "" {
		return errors.New("pages: give -key and -into")
	}
	armored, err := os.ReadFile(*key)
	if err != nil {
		return err
	}
	signing, err := readKey(armored)
	if err != nil {
		return fmt.Errorf("%s: %w", *key, err)
	}
	r, err := thisVersion()
	if err != nil {
		return err
	}
	return writePages(r, *from, *into, &signing)
}
