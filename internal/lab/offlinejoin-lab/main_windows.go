package main

import (
	"context"
	"errors"
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
	if len(os.Args) == 3 && os.Args[1] == lab.ServiceWord {
		if err := lab.ServeAsSystem(os.Args[2]); err != nil {
			os.Exit(2)
		}
		return
	}
	var w work
	flag.StringVar(&w.out, "out", "evidence.json", "file to write; it must not exist")
	flag.StringVar(&w.blobs, "blobs", "", "a folder of blobs of test domains, such as Samba makes: one more step for each")
	flag.BoolVar(&w.throwaway, "throwaway", false,
		"this Windows may be spent: stage joins in it, run the completion program as SYSTEM, join it to a domain that does not exist, restart it")
	flag.BoolVar(&w.noJoin, "no-join", false, "with -throwaway: neither join nor restart it")
	flag.Parse()
	if flag.NArg() > 0 || w.noJoin && !w.throwaway {
		flag.Usage()
		os.Exit(2)
	}
	failed, err := w.do()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

// work is one run.
type work struct {
	out, blobs        string
	steps             []lab.Step
	throwaway, noJoin bool
	failed            bool
}

// do runs all steps, or those that are left, and writes the evidence.
func (w *work) do() (failed bool, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	w.steps = lab.Steps()
	if w.blobs != "" {
		more, err := lab.OfBlobs(w.blobs)
		if err != nil {
			return false, err
		}
		w.steps = append(w.steps, more...)
	}
	if err := lab.Reserve(w.out); err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "offlinejoin-lab-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)

	m := lab.Here()
	fmt.Println(m.System().Name, m.System().Build, m.System().Arch)
	if !w.throwaway {
		return w.failed, w.write(lab.Run(ctx, m, dir, w.steps, w.told))
	}
	evidence, whole, err := w.spend(ctx, m, dir)
	if err == nil && whole {
		err = w.write(evidence)
		if err == nil {
			err = os.Remove(w.unfinished())
		}
	}
	return w.failed, err
}

func (w *work) write(e claims.Evidence) error { return lab.WriteEvidence(w.out, e) }

// unfinished is where a run of -throwaway keeps what is known until it has ended.
func (w *work) unfinished() string { return w.out + ".unfinished" }

func (w *work) told(s claims.Step) {
	w.failed = w.failed || s.Result == claims.Failed
	fmt.Printf("%-8s %-34s %s\n", s.Result, s.Step, s.Reason)
}

// spend goes on with a run of -throwaway, or begins one: first the steps that change nothing, then the others.
func (w *work) spend(ctx context.Context, m lab.Spendable, dir string) (e claims.Evidence, whole bool, err error) {
	progress, err := lab.ReadProgress(w.unfinished())
	switch {
	case errors.Is(err, os.ErrNotExist):
		e := lab.Run(ctx, m, dir, w.steps, w.told)
		if err := ctx.Err(); err != nil {
			return e, false, err
		}
		progress.Steps = e.Steps
	case err != nil:
		return e, false, err
	default:
		fmt.Printf("going on after %d steps\n", len(progress.Steps))
		for _, s := range progress.Steps {
			w.failed = w.failed || s.Result == claims.Failed
		}
	}
	run := lab.Throwaway{
		Machine: m, Dir: dir, NoJoin: w.noJoin, Told: w.told,
		Save: func(p lab.Progress) error { return lab.WriteProgress(w.unfinished(), p) },
		Joining: func() {
			fmt.Println("Windows joins a domain that does not exist, and restarts now. " +
				"Then log on as a local user and run the same command in this folder again.")
		},
	}
	steps, whole, err := run.Run(ctx, progress)
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted: run the same command again to go on")
	}
	if err != nil || !whole {
		if err == nil {
			fmt.Println("Windows did not restart by itself: restart it, and run the same command again.")
		}
		return e, false, err
	}
	return lab.EvidenceOf(m, steps), true, nil
}
