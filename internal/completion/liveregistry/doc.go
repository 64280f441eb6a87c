// Package liveregistry is the registry of the running Windows, as the completion program and the lab read and write it. It has
// something to offer on Windows only.
//
// It is a part of the completion program, which has to be small: see package odjboot.
package liveregistry
