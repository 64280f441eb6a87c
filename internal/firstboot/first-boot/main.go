// Command first-boot boots a Windows disk of the user's after staged joins, without a network but for the scenario about a live
// domain, and writes what it saw as evidence (docs/first-boot-on-a-machine.md). `make first-boot` runs it.
//
//	first-boot -disk windows.qcow2 [-generalized other.qcow2] [-blobs FOLDER] [-policies FOLDER] [-dir FOLDER]
//	  [-domain-blob FILE -domain-user NAME -domain-password-file FILE [-domain-dns ADDRESS]]
//
// It ends with 0 when no check failed, with 1 when one did, with 2 when it could not do its work, and with 3 when Windows has not
// started in any scenario.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/coredump"
	"github.com/offlinejoin/offlinejoin/internal/firstboot"
)

func main() {
	_ = coredump.Off() // where it cannot be, the program is no worse than others
	var s firstboot.Setup
	var q firstboot.Qemu
	var only string
	list := flag.Bool("list", false, "list the scenarios")
	flag.StringVar(&s.Disk, "disk", "", "an installed Windows in a disk image file; it is only read")
	flag.StringVar(&s.Generalized, "generalized", "", "a generalized Windows of the same build, likewise")
	flag.StringVar(&s.Blobs, "blobs", "", "a folder of blobs, each for one more scenario")
	flag.StringVar(&s.Policies, "policies", "", "a folder with compiled App Control policies in block/*.cip and allow/*.cip")
	flag.StringVar(&s.Domain.Blob, "domain-blob", "", "a blob of a live domain, to log its user on, with a network: needs the next two")
	flag.StringVar(&s.Domain.User, "domain-user", "", `a user of that domain: NAME, DOMAIN\NAME or NAME@domain.example`)
	flag.StringVar(&s.Domain.PasswordFile, "domain-password-file", "", "a file with the user's password, which nobody else can read")
	flag.StringVar(&s.Domain.DNS, "domain-dns", "", "IPv4 address of the domain's DNS server, where this host's resolver does not know it")
	flag.StringVar(&s.Dir, "dir", ".build/first-boot", "the run's folder; a run that was broken off goes on there")
	flag.StringVar(&only, "only", "", "only these scenarios, separated by commas")
	flag.BoolVar(&s.Keep, "keep", false, "keep all disks; they may hold machine passwords, and that of the domain's user")
	flag.StringVar(&q.Program, "qemu", "", "default: qemu-system-x86_64")
	flag.StringVar(&q.Accel, "accel", "", "default: kvm")
	flag.StringVar(&q.Firmware, "firmware", "", "a file for qemu's -bios, such as OVMF.fd; default: BIOS")
	flag.StringVar(&q.Bus, "bus", "", "of the disk: sata (default) or virtio")
	flag.StringVar(&q.NIC, "nic", "", "of the scenario with a network: e1000e (default), e1000 or another model of qemu's")
	flag.IntVar(&q.Memory, "memory", 0, "MiB; default: 4096")
	flag.IntVar(&q.CPUs, "cpus", 0, "default: 2")
	flag.DurationVar(&q.Rest, "rest", 0, "after how long without a restart Windows has come to rest; default: 4m")
	flag.DurationVar(&q.Limit, "limit", 0, "of one boot; default: 15m")
	flag.Parse()
	switch {
	case *list:
		for _, sc := range firstboot.Scenarios() {
			fmt.Printf("%-22s %s\n", sc.Name, sc.Says)
		}
		return
	case s.Disk == "" || flag.NArg() > 0:
		flag.Usage()
		os.Exit(2)
	}
	if only != "" {
		s.Only = strings.Split(only, ",")
	}
	os.Exit(run(s, q))
}

func run(s firstboot.Setup, q firstboot.Qemu) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed, started := false, false
	s.Told = func(sc firstboot.Scenario, steps []claims.Step) {
		fmt.Printf("%s: %s\n", sc.Name, sc.Says)
		for _, step := range steps {
			failed = failed || step.Result == claims.Failed
			started = started || step.Result != claims.Skipped
			fmt.Printf("  %-8s %-34s %s\n", step.Result, step.Step, step.Reason)
		}
	}
	_, err := firstboot.Run(ctx, q, s)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		return 2
	case failed:
		return 1
	case !started:
		fmt.Fprintln(os.Stderr, "error: nothing was tried: see the reasons above")
		return 3
	}
	fmt.Println("evidence:", s.Dir+"/evidence.json")
	return 0
}
