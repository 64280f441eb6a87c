// Package sample makes what the demonstration, the tests and a curious user need and may not take from anybody: a small
// Windows image tree with hives written by our own engine, and provisioning blobs for a fictional domain.
package sample
