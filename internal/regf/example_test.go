package regf_test

import (
	"encoding/hex"
	"fmt"
	"log"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// newHive makes a hive in memory. Files on disk work the same.
func newHive() regf.Files {
	security, err := hex.DecodeString("01000490480000005800000000000000140000000200340002000000000214003f000f000101000000000005" + // O:BAG:SYD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)
		"12000000000218003f000f000102000000000005200000002002000001020000000000052000000020020000010100000000000512000000")
	if err != nil {
		log.Fatal(err)
	}
	files := regf.Files{Primary: regf.NewMemFile(nil), Log1: regf.NewMemFile(nil)}
	if err := regf.Create(files.Primary, regf.CreateOptions{Security: security}); err != nil {
		log.Fatal(err)
	}
	return files
}

func Example() {
	files := newHive()
	hive, err := regf.Open(files)
	if err != nil {
		log.Fatal(err)
	}
	key, _, err := hive.CreateKey(`Setup\Example`, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := key.SetValue("Name", regf.SZ, regf.TextData("WEB01")); err != nil {
		log.Fatal(err)
	}
	if _, err := hive.Commit(regf.CommitOptions{}); err != nil {
		log.Fatal(err)
	}

	hive, err = regf.Open(files)
	if err != nil {
		log.Fatal(err)
	}
	key, err = hive.Key(`setup\example`)
	if err != nil {
		log.Fatal(err)
	}
	value, err := key.Value("NAME")
	if err != nil {
		log.Fatal(err)
	}
	text, err := value.Text()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(key.Path(), value.Name(), value.Type(), text)
	// Output: Setup\Example Name REG_SZ WEB01
}

func ExampleDump() {
	hive, err := regf.Open(newHive())
	if err != nil {
		log.Fatal(err)
	}
	key, _, err := hive.CreateKey("Setup", nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := key.SetValue("SetupType", regf.DWORD, regf.DWORDData(2)); err != nil {
		log.Fatal(err)
	}
	var dump strings.Builder
	if err := regf.Dump(hive, &dump); err != nil {
		log.Fatal(err)
	}
	fmt.Print(strings.ReplaceAll(dump.String(), "\t", "|"))
	// Output:
	// K|
	// K|\Setup
	// V|\Setup|SetupType|4|4|26b25d457597a7b0463f9620f666dd10aa2c4373a505967c7c8d70922a2d6ece
}

func ExampleCheck() {
	hive, err := regf.Open(newHive())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(regf.Check(hive)), "problems")
	// Output: 0 problems
}

func ExampleHive_Plan() {
	hive, err := regf.Open(newHive())
	if err != nil {
		log.Fatal(err)
	}
	if _, _, err := hive.CreateKey("Setup", nil); err != nil {
		log.Fatal(err)
	}
	plan, err := hive.Plan()
	if err != nil {
		log.Fatal(err)
	}
	for i, op := range plan.Ops {
		if i == plan.Durable {
			fmt.Println("-- durable from here --")
		}
		if op.Barrier {
			fmt.Println("barrier", op.File)
			continue
		}
		fmt.Println("write", op.File, "at", op.Offset, "bytes", len(op.Data))
	}
	// Output:
	// write log 1 at 0 bytes 8192
	// barrier log 1
	// write primary at 0 bytes 512
	// barrier primary
	// -- durable from here --
	// write primary at 4096 bytes 4096
	// barrier primary
	// write primary at 0 bytes 512
	// barrier primary
}
