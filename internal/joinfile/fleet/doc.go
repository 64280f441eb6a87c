// Package fleet carries out the joins of join files: many images, some at a time.
//
// [Check] looks at all joins before the first image is touched: two joins of one image, or one account or blob for two
// images, are refused as a whole. [Run.Do] then plans, stages, unstages or reads the status of each. One failing image
// does not stop the others unless [Run.FailFast] says so. Closing the soft channel keeps further images from being
// begun and lets those in hand be finished; cancelling the context hurries these, too. Either way the core leaves
// every image old or new, and the same run again goes on where this one stopped, for what is staged already is not
// written again.
//
// The outcome of a run is a [Report], which has a JSON form; package report makes a page of it.
package fleet
