// Package answerfile merges an offline domain join into the answer file (unattend.xml) that Windows Setup will use in
// an image, and takes it out again.
//
// # The story
//
// An image that was generalized runs Windows Setup at its next boot. In Setup's pass specialize, the component
// Microsoft-Windows-UnattendedJoin can join the machine by a blob: Identification/Provisioning/AccountData holds its
// base64 (documented; observed to work on Windows 11 24H2 with a blob made by Samba). So staging is:
//
//	place, err := answerfile.Find(windows, drive, pointer)    // the file that Setup will take, or where to make it
//	edit, err := answerfile.Plan(place.Content, join, opts)   // every check, every change; nothing is written
//	record, err := place.Record(edit)                         // kept in the registry, without secret
//	warnings, err := place.Write(edit, record, security)      // at every instant the old file or the new one
//
// and taking it back is ParseRecord and Record.Unstage. [Plan] of an empty file makes a whole new one, [ReadFacts]
// returns what a file asks for.
//
// Text of a file, of the registry value UnattendFile or of a record passes through package plaintext where it enters a
// message, a change or the facts.
//
// # What is known, and how
//
//   - The search order of answer files, and that Setup takes for each pass the first file with settings for it:
//     documented ("Windows Setup Automation Overview"). Removable media (4, 5) and the drive of setup.exe (8) cannot be
//     seen in an image. Which of Unattend.xml and Autounattend.xml in one folder wins is not documented: having both is refused.
//   - A new file goes to Windows\Panther\unattend.xml (3): documented by Microsoft's guides for images that are not
//     running. Panther\Unattend (2) comes before it, but is not searched when Setup is started from Windows PE
//     (documented).
//   - HKLM\SYSTEM\Setup\UnattendFile (1) is a path on the running machine. That its C: is the image's own drive is
//     inferred.
//   - Setup marks the passes that it has been through in its cached file (3) with wasPassProcessed="true", and erased
//     text with *SENSITIVE*DATA*DELETED* (both observed in public copies of such files). That marked passes are not
//     processed again is documented; whether Sysprep takes the mark away when it generalizes is open, and so a marked
//     pass is refused.
//   - Whether Setup erases AccountData from the cached file, as it does with passwords, is inferred from "sensitive
//     data is removed" (documented).
//   - ComputerName in the same pass must be the blob's machine name: observed. Another name is refused or replaced.
//   - A stray blank in AccountData makes Setup fail with "AccountData data could not be base64 decoded": observed.
//   - Provisioning wins over Credentials: documented. Still a file with both is refused, or loses its credentials:
//     a password must not lie in an image for nothing.
//   - An AutoLogon of a local user on a client edition that is joined before its out-of-box experience: observed to
//     loop. It is a warning.
//   - Names of components are compared without case (inferred from the store of Windows' components).
//
// # Byte for byte
//
// Writing a tree of XML again cannot keep quotes, blanks, references and encodings as they were. So the file is read
// twice: package etree gives its tree, which decides; package encoding/xml tells where in the text each element
// stands, and checks what is well formed. A change is a splice of the text at such an offset, and is made in the tree
// as well. The result is read again: its tree must be the changed tree, and taking it back must give the original
// bytes. What does not hold is refused, and nothing is written.
//
// Document type definitions are refused, so there are no entities to expand or to fetch; size, depth and number of
// parts are bounded.
//
// # Secrets
//
// AccountData and passwords are masked before the tree is made, so messages cannot hold them. What a join has replaced
// may be a password, too; [Undo] keeps it sealed under a key made of the AccountData. As long as that is in the file,
// the original bytes can be given back; once Setup has erased it, nobody can read the record. The files here are
// written with mode 0600 and the caller's security descriptor, under a name that Setup does not look for, and renamed.
// The old file is overwritten with zeros once it has lost its name.
package answerfile
