// Package demo is the demonstration of the command line: it makes a sample image and a sample blob for a fictional
// domain, stages the one into the other, and shows the registry before and after.
//
//	sample.go     the sample, or a sample fleet, in a folder
//	story.go      what is shown, one part after the other
//	registry.go   the part of the registry that a join is staged into, and its comparison
//
// Everything is done by the same core as the other commands; only the sample is made up.
package demo
