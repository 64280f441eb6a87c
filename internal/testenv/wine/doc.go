// Package wine lets tests run Windows programs of ours under Wine, in a Windows of their own that is thrown away.
//
// A [Prefix] is Wine's word for one such Windows. Ours differs from a fresh one in two libraries, built from testdata/
// with the mingw compiler: bcryptprimitives.dll, which Go programs need and Wine 8 lacks, and netapi32.dll, a stub that
// records what NetRequestOfflineDomainJoin receives and returns what the test tells it to.
//
// Making a prefix takes some 7 seconds, so a package makes one and shares it among its subtests, one after the other.
//
// # What this does not prove
//
// The stub is not Windows' function: that Windows takes the blob is for firstboot-check.sh (Samba) and for real
// Windows. Wine has no real boot: nothing starts CmdLine and nothing restarts; only files that MoveFileEx noted are
// deleted at the next start ([Prefix.Boot]). Access rights end as Unix permissions, roughly. Its registry is a text
// file, so erasing is proved for the values and that file, not for a hive's cells. What Wine does with each call that
// first boot makes is told at the tests of package odjboot.
package wine
