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
	var more []any
	for _, p := range j.PFX {
		more = append(more, fmt.Sprintf("%+v %x", p, []byte(p.File)))
	}
	for _, s := range j.Stores {
		more = append(more, fmt.Sprintf("%+v", s))
	}
	for _, p := range j.Policies {
		for _, v := range p.Values {
			more = append(more, fmt.Sprintf("%s %+v %x", p.Source, v, []byte(v.Data)))
		}
	}
	j.Password, j.JoinProvider2 = nil, nil
	return fmt.Sprintf("%+v password %s JOIN_PROVIDER2 %s more %v", j, password, p2, more)
}
