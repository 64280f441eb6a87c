// Package demo is the demonstration of the command line: it makes a sample image and a sample blob for a fictional
// domain, stages the one into the other, and shows the registry before and after; then the same with a golden disk image
// and two disks that are made from it.
//
//	sample.go     the sample, or a sample fleet, in a folder
//	story.go      what is shown, one part after the other
//	registry.go   the part of the registry that a join is staged into, and its comparison
//	disks.go      an overlay and a copy of the golden image
//	picture.go    where the disks differ, drawn in marks
//
// Everything is done by the same core as the other commands; only the sample is made up.
package demo
