// Command offlinejoin-lab checks on a Windows what the project claims about Windows, and writes evidence.json into the current
// folder. It sends nothing anywhere and changes nothing that lasts.
//
//	offlinejoin-lab.exe [-out evidence.json]
//
// Some steps need an elevated administrator, and are skipped for others. It ends with 0 when no step failed, with 1 when one did,
// and with 2 when it could not do its work.
package main
