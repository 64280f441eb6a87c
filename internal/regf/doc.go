// Package regf is a registry hive engine: it reads Windows registry files (format versions 1.3 to 1.6), applies their
// pending transaction logs, edits keys and values in place, and commits with the write-ahead protocol of Windows itself,
// so that at every instant the hive is either the old or the new one.
//
// It knows nothing of Windows installations or domain joins.
package regf
