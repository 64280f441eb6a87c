// Command bench measures, on this machine and in one run, what one join costs and what the hive engine costs next to the
// tools that others use for the same edit: hivex (hivexget, python3-hivex, hivexregedit) and reged.
//
//	go run ./internal/bench [-runs 7] [-small] [-fleet [-profile dir]]
//
// It also stages many images in one apply of the real terraform, when that is installed, and shows how much of the time is
// not the core's: the same images are planned and staged without terraform, and with it as many resources that do nothing.
// Of these there are two: terraform's own, and the floor, which is our provider's resource with its schema and without its
// work (internal/bench/provider). The user and system time of the provider, of the floor and of the core are of one run.
// With -profile the provider is that of internal/bench/provider too, and writes CPU profiles; the shipped one cannot.
//
// Every measurement is a process of its own on a fresh copy of the hive, with a warm page cache. Time is from start to end
// of the process, median of the runs, and "inside" from main to its end (of python3-hivex: from the first line after the
// imports): the rest is what the system takes to start a process. "an empty Go program" shows how much that is. Memory is the greatest resident size: of our programs as they
// read it themselves, of the others as the kernel tells it, which is not less than that of this program (12 MiB); bytes are what the
// process has read and written by the kernel's account (/proc/PID/io: rchar, wchar), which does not see what a tool changes
// through a memory map. Our edits are durable (fsync) when the process ends; hivex and reged do not sync.
//
// The hives are a real SYSTEM hive of Windows 10 from the shared test data and a hive of about 100 MB filled with copies of
// it. Timings are for people to look at; no test depends on them.
package main
