package odj_test

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/odj"
)

// join is a fictional join whose password is fixed, so that the examples print the same every time.
func join() odj.Join {
	return odj.Join{
		MachineName:   "WEB01",
		Password:      utf16.Encode([]rune("correct horse battery staple")),
		DNSDomain:     "corp.example.com",
		NetBIOSDomain: "CORP",
		DomainGUID:    "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
		DomainSID:     "S-1-5-21-1111111111-2222222222-3333333333",
		Rid:           1234,
		DC:            odj.DomainController{Name: "dc1.corp.example.com", Address: "192.0.2.10"},
	}
}

// show prints an error's sentence in two lines.
func show(err error) { fmt.Println(strings.Replace(err.Error(), "; ", ";\n", 1)) }

func ExampleParse() {
	made, err := odj.Compose(join())
	if err != nil {
		fmt.Println(err)
		return
	}
	file := made.DjoinFile() // in real life: os.ReadFile("web01.djoin")

	blob, err := odj.Parse(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer blob.Wipe()
	fmt.Println(blob.MachineName(), "joins", blob.DNSDomain(), "as", blob.AccountSID())
	fmt.Println("made by", blob.DC().Name)
	fmt.Println(strings.Replace(blob.String(), ", f", ",\nf", 1))

	// Output:
	// WEB01 joins corp.example.com as S-1-5-21-1111111111-2222222222-3333333333-1234
	// made by dc1.corp.example.com
	// blob of WEB01 in corp.example.com, password (secret),
	// fingerprint daefe30f64b60c80d2e6ce333d5efdc9e91118875870f233c1a5724a676bc3f9
}

func ExampleParse_damaged() {
	made, err := odj.Compose(join())
	if err != nil {
		fmt.Println(err)
		return
	}
	damaged := bytes.Clone(made.Bytes())
	damaged[40] = 0
	_, err = odj.Parse(damaged)
	show(err)
	_, err = odj.Parse([]byte("web01.djoin"))
	show(err)

	// Output:
	// the blob is damaged: pBlobs[0].pBlob at offset 0x3c: 512 bytes are announced, but the array has 608;
	// make the blob again with djoin /provision (87 ERROR_INVALID_PARAMETER)
	// this is no provisioning blob: character 6 of its text does not belong to base64;
	// use the file that djoin /savefile wrote, or its text as plain base64 (87 ERROR_INVALID_PARAMETER)
}

func ExampleBlob_Fingerprint() {
	made, err := odj.Compose(join())
	if err != nil {
		fmt.Println(err)
		return
	}
	same, err := odj.Parse([]byte(made.AccountData()))
	if err != nil {
		fmt.Println(err)
		return
	}
	changed := join()
	changed.Password[0]++
	other, err := odj.Compose(changed)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(made.Fingerprint() == same.Fingerprint(), made.Fingerprint() == other.Fingerprint())
	// Output: true false
}

func ExampleBlob_Findings() {
	j := join()
	j.Password = utf16.Encode([]rune("web01"))
	j.DC.Forest = "example.com"
	blob, err := odj.Compose(j)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range blob.Findings() {
		fmt.Println(f)
	}
	// Output:
	// the machine password is the default one, the machine's name, which anybody can guess; provision without /defpwd
	// the forest is "corp.example.com", but the domain controller says "example.com"
}

func ExampleCompose() {
	password, err := odj.RandomPassword(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer clear(password)
	j := join()
	j.Password = password
	blob, err := odj.Compose(j)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer blob.Wipe()
	fmt.Printf("%v %d bytes, djoin's file %d bytes\n", j.Password, len(blob.Bytes()), len(blob.DjoinFile()))
	// Output:
	// (secret) 1984 bytes, djoin's file 5300 bytes
}

func ExampleValidateMachineName() {
	warnings, err := odj.ValidateMachineName("WEB_01")
	fmt.Println(warnings, err)
	_, err = odj.ValidateMachineName("WEB:01")
	show(err)
	// Output:
	// [the machine name "WEB_01" holds the character '_', which a DNS host name cannot have] <nil>
	// the machine name "WEB:01" is not valid: it holds one of the characters \/:*?"<>|;
	// choose another name and make the blob for that (2724 NERR_InvalidMachineNameForJoin)
}
