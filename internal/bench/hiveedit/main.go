// Hiveedit does one task of package hivetask on a hive, for the benchmark to measure it like the tools of others:
//
//	hiveedit get|set|create|record HIVE
//
// It prints what the benchmark wants to know as one line of JSON: the time from main to the end in nanoseconds, how often it
// waited for the disk, and its greatest size in memory.
package main

import (
	"os"
	"strconv"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/bench/hivetask"
)

func main() {
	start := time.Now()
	if len(os.Args) != 3 {
		fail("usage: hiveedit get|set|create|record HIVE")
	}
	report, err := hivetask.Run(os.Args[1], os.Args[2])
	if err != nil {
		fail(err.Error())
	}
	line := `{"Inside":` + strconv.FormatInt(int64(time.Since(start)), 10) + `,"Syncs":` + strconv.Itoa(report.Syncs) +
		`,"Peak":` + strconv.FormatInt(hivetask.Peak(), 10) + "}\n"
	if _, err := os.Stdout.WriteString(line); err != nil {
		fail(err.Error())
	}
}

func fail(why string) {
	_, _ = os.Stderr.WriteString("hiveedit: " + why + "\n") // nobody is left to report to
	os.Exit(1)
}
