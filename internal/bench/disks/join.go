//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/bench/hives"
)

// joins makes the subjects whose files lie in a folder.
type joins struct{ dir string }

func (j joins) path(name string) string { return filepath.Join(j.dir, name) }

func (j joins) stage(args ...string) []string {
	return append([]string{"stage", "--blob-file", j.path(blobName)}, args...)
}

func (j joins) tree(hive string) subject {
	return subject{"mounted tree", func() error { return restoreTree(j.dir, hive) }, j.stage("--windows-path", j.path(treeName+"/Windows"))}
}

// inPlace stages into a fresh copy of a disk.
func (j joins) inPlace(name, disk string) subject {
	work := j.path("work" + filepath.Ext(disk))
	return subject{name, func() error { return copyFile(work, j.path(disk)) }, j.stage("--image-path", work)}
}

func (j joins) newDisk(name, disk, option string) subject {
	to := j.path("new.disk")
	again := func() error {
		if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	return subject{name, again, j.stage("--image-path", j.path(disk), option, to)}
}

func (j joins) overlay(name, disk string) subject { return j.newDisk(name, disk, "--overlay-path") }

func (j joins) copied(name, disk string) subject { return j.newDisk(name, disk, "--copy-path") }

// benchJoins measures one join in each kind of disk, next to the mounted tree with the same Windows.
func (j joins) benchJoins(runs int) error {
	fmt.Println("\none join, a new process for each (SYSTEM hive of Windows 10, 12.8 MB, clean; disks of 1 GiB)")
	if err := show(runs, j.all(hives.CleanName, smallName), "tree"); err != nil {
		return err
	}
	fmt.Println("\nthe same with the hive of samples, 20 KiB")
	return show(runs, j.all(lightName, lightName), "tree")
}

// all are the ways to make a join in a tree with a hive, and in disks with the same tree.
func (j joins) all(hive, disk string) []subject {
	return []subject{
		j.tree(hive),
		j.inPlace("raw in place", disk+".raw"),
		j.inPlace("qcow2 in place", disk+".qcow2"),
		j.inPlace("vhdx in place", disk+".vhdx"),
		j.overlay("overlay over raw", disk+".raw"),
		j.overlay("overlay over qcow2", disk+".qcow2"),
		j.copied("copy of raw", disk+".raw"),
		j.copied("copy of qcow2", disk+".qcow2"),
	}
}

// show measures and prints subjects, next to the first of them.
func show(runs int, subjects []subject, first string) error {
	all, err := measure(runs, subjects)
	if err != nil {
		return err
	}
	t := newTable(all[0], first)
	for i, s := range subjects {
		t.row(s.name, all[i])
	}
	return t.Flush()
}

// benchSizes measures the same join in disks of two sizes.
func (j joins) benchSizes(runs int) error {
	fmt.Println("\nthe same Windows in a sparse disk of 1 GiB and of 32 GiB")
	for _, pair := range [][2]subject{
		{j.inPlace("raw in place, 1 GiB", "golden.raw"), j.inPlace("raw in place, 32 GiB", "large.raw")},
		{j.inPlace("qcow2 in place, 1 GiB", "golden.qcow2"), j.inPlace("qcow2 in place, 32 GiB", "large.qcow2")},
		{j.overlay("overlay over raw, 1 GiB", "golden.raw"), j.overlay("overlay over raw, 32 GiB", "large.raw")},
	} {
		if err := show(runs, pair[:], "1 GiB"); err != nil {
			return err
		}
	}
	return nil
}

// benchMemory measures disks and hives that could make a join large.
func (j joins) benchMemory(runs int) error {
	fmt.Println("\nmemory (peak) of one join")
	return show(runs, []subject{
		j.inPlace("raw in place", "golden.raw"),
		j.inPlace("qcow2 with clusters of 2 MiB, in place", "golden.2m.qcow2"),
		j.overlay("overlay over qcow2 with clusters of 2 MiB", "golden.2m.qcow2"),
		j.inPlace("vhdx with blocks of 32 MiB, in place", "golden.32m.vhdx"),
		j.inPlace("raw in place, hive of 100 MB", "heavy.raw"),
		j.overlay("overlay over raw, hive of 100 MB", "heavy.raw"),
	}, "raw")
}
