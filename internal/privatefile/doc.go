// Package privatefile makes the files of this machine that hold secrets, or say which machines have them: decrypted blobs,
// backups, ledgers, reports. They are for their owner and the administrators only: by mode 0600 on Unix, by an access list
// that inherits nothing on Windows. It also reports who else can read a file.
package privatefile
