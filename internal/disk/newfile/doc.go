// Package newfile makes new files that appear under their name whole or not at all.
//
// On Linux a file has no name while it is written, where the file system allows that (O_TMPFILE): a process that is killed
// leaves nothing behind. Elsewhere it has a temporary name in the same folder and mode 0600. [File.Publish] flushes the
// file, gives it its name without ever replacing another file, and flushes the folder.
package newfile
