// Package sample makes what the demonstration, the tests and a curious user need and may not take from anybody: a small
// Windows image with hives written by our own engine, as a tree (and, in package golden, as a disk), and provisioning blobs
// for a fictional domain.
package sample
