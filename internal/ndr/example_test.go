package ndr_test

import (
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
)

// person is a structure like those of an IDL file.
type person struct {
	age  uint32
	name *string
}

func (p *person) layout(c ndr.Coder) {
	c.Uint32("ulAge", &p.age)
	c.String("lpName", &p.name)
}

func Example() {
	ada := person{36, new("Ada")}
	data, err := ndr.Encode(ada.layout)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("% x\n", data[:16])

	var p person
	if _, err := ndr.Decode(data, p.layout); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.age, *p.name)

	_, err = ndr.Decode(data[:40], p.layout)
	fmt.Println(err)

	// Output:
	// 01 10 08 00 cc cc cc cc 20 00 00 00 00 00 00 00
	// 36 Ada
	// offset 0x0: the header announces 32 bytes, but only 24 follow: the data is cut off
}
