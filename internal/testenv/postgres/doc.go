// Package postgres starts PostgreSQL servers for tests, from Debian's package: a cluster in a temporary folder that belongs to
// a user of its own, which listens on a socket in that folder and, where a test asks for it, on an address. Each ledger of a
// test gets a schema and a role with the rights of a builder. It is empty on systems other than Unix.
package postgres
