package odj

import (
	"fmt"
	"strconv"
)

func uintText(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// describe prints a join with its password, for comparing in tests.
func describe(j Join) string {
	p2 := "none"
	if j.JoinProvider2 != nil {
		p2 = fmt.Sprintf("%+v", *j.JoinProvider2)
	}
	password := hexUnits(j.Password)
	j.Password, j.JoinProvider2 = nil, nil
	return fmt.Sprintf("%+v password %s JOIN_PROVIDER2 %s", j, password, p2)
}
