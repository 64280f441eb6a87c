package completion

import "testing"

// Hooks are equal by type and bytes: a value that is not there is another one than an empty one.
func TestHooksAreEqual(t *testing.T) {
	t.Parallel()
	was := Hook{SetNumber(0), SetText("")}
	for what, other := range map[string]Hook{
		"another number": {SetNumber(2), SetText("")}, "another text": {SetNumber(0), SetText("odjboot.exe")},
		"no number": {nil, SetText("")}, "no text": {SetNumber(0), nil}, "another type": {SetNumber(0), &RawValue{2, []byte{0, 0}}},
		"nothing": {},
	} {
		if was.Equal(other) || other.Equal(was) {
			t.Errorf("equal to one with %s", what)
		}
	}
	if same := (Hook{SetNumber(0), &RawValue{1, []byte{0, 0}}}); !was.Equal(same) || !(Hook{}).Equal(Hook{}) {
		t.Error("not equal to the same")
	}
}
