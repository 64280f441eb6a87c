// Package canary searches what tests have written or printed for a secret, in every spelling by which one gets out: as
// it is, as hex, as base64 at any alignment, as lists of numbers, escaped as in JSON, wrapped over lines, or widened
// to UTF-16.
//
// A [Search] knows pieces of each secret rather than the whole of it, so that a remainder betrays itself, too. Content
// is looked at twice: as it is, for raw bytes, and squeezed (letters made small; separators, line breaks and NULs
// dropped), for everything that is text. So one spelling of a piece stands for all its layouts.
//
// What is compressed or encrypted is not looked into; unpack it first.
package canary
