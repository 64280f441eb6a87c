// Package archtest holds the tests of the design as a whole: that packages import each other only as it draws them (data
// goes one way, plugins import the core and not each other, and the hive engine has no notion of domains), and that every
// document which a comment cites is in the repository.
package archtest
