package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/coredump"
	"github.com/offlinejoin/offlinejoin/internal/lab"
)

func main() {
	_ = coredump.Off() // where it cannot be, the program is no worse than others
	out := flag.String("out", "evidence.json", "file to write; it must not exist")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	failed, err := run(*out)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

// run runs all steps and writes the evidence. The file is made first, so that half an hour is not lost for a name.
func run(out string) (failed bool, err error) {
	file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false, err
	}
	defer file.Close()
	dir, err := os.MkdirTemp("", "offlinejoin-lab-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	m := lab.Here()
	fmt.Println(m.System().Name, m.System().Build, m.System().Arch)
	evidence := lab.Run(ctx, m, dir, lab.Steps(), func(s claims.Step) {
		failed = failed || s.Result == claims.Failed
		fmt.Printf("%-8s %-34s %s\n", s.Result, s.Step, s.Reason)
	})
	if err := evidence.Write(file); err != nil {
		return failed, err
	}
	return failed, file.Close()
}
