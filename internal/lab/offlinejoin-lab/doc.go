// Command offlinejoin-lab checks on a Windows what the project claims about Windows, and writes evidence.json into the current
// folder. It sends nothing anywhere and changes nothing that lasts, unless it is told that the Windows may be spent.
//
//	offlinejoin-lab.exe [-out evidence.json] [-blobs FOLDER] [-throwaway [-no-join]]
//
// Some steps need an elevated administrator, and are skipped for others. With -throwaway the Windows is joined to a domain that does
// not exist and restarts; the same command then goes on. Until that has ended, what is known lies in evidence.json.unfinished.
//
// It ends with 0 when no step failed, with 1 when one did, and with 2 when it could not do its work.
package main
