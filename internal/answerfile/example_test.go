package answerfile_test

import (
	"fmt"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/answerfile"
)

// A join is merged into an answer file, and taken out again.
func Example() {
	file := []byte(`<?xml version='1.0'?>
<unattend xmlns='urn:schemas-microsoft-com:unattend'>
  <!-- made by hand -->
  <settings pass='oobeSystem'/>
</unattend>
`)
	join := answerfile.Join{
		AccountData:  []byte("ARAIAMzMzMzM"), // the blob, as djoin /printblob prints it
		MachineName:  "WEB01",
		Architecture: "amd64",
	}
	edit, err := answerfile.Plan(file, join, answerfile.Options{Name: `C:\Windows\Panther\unattend.xml`})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer edit.Wipe()
	for _, c := range edit.Changes {
		fmt.Println(c.Kind, c.Where, c.Name, c.After)
	}
	removal, err := answerfile.Remove(edit.Content, edit.Undo)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(removal.Outcome, string(removal.Content) == string(file))
	// Output:
	// add specialize\Microsoft-Windows-Shell-Setup ComputerName WEB01
	// add specialize\Microsoft-Windows-UnattendedJoin\Identification\Provisioning AccountData 12 characters, secret
	// restored true
}

// A file that asks for another computer is refused, with what to do.
func ExamplePlan_refused() {
	file := []byte(`<unattend xmlns="urn:schemas-microsoft-com:unattend">
  <settings pass="specialize">
    <component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35"
               language="neutral" versionScope="nonSxS">
      <ComputerName>GOLDEN</ComputerName>
    </component>
  </settings>
</unattend>
`)
	join := answerfile.Join{AccountData: []byte("ARAIAMzMzMzM"), MachineName: "WEB01", Architecture: "amd64"}
	_, err := answerfile.Plan(file, join, answerfile.Options{})
	fmt.Println(strings.ReplaceAll(err.Error(), ", ", ",\n  "))
	// Output:
	// the answer file gives the machine the name GOLDEN,
	//   but the blob joins WEB01 only: use the blob made for that name,
	//   set ComputerName to WEB01 there,
	//   or set on_existing = "replace" (2716 NERR_CantVerifyHostname)
}
