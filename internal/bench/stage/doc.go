// Package stage measures one stage into a large SYSTEM hive, and the registry transaction in it, next to what others do for
// the same change. It has tests only; `make bench` runs them and prints a table.
package stage
