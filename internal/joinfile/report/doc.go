// Package report writes the outcome of a fleet's run to a file: as JSON for programs, or as one HTML page for people.
//
// The page stands alone: style and script are in it, its content security policy lets nothing be loaded, and it works
// without the script, too, which only filters and sorts. All that comes from images, blobs and join files is escaped by
// html/template. A report holds no secret.
package report
