// Command docgen writes the pages of docs/ about the command line and of join files, from the definitions of the
// commands and of the grammar: docgen DOCS-FOLDER. `make generate` runs it.
package main
