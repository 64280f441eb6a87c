package e2e

import "testing"

func TestEndToEnd(t *testing.T) {
	p := build(t)
	t.Run("refusals", func(t *testing.T) { refusals(t, p) })
	t.Run("secrets", func(t *testing.T) { secrets(t, p) })
	t.Run("terraform", func(t *testing.T) { terraforms(t, p) })
	t.Run("renames", func(t *testing.T) { renames(t, p) })
	t.Run("examples", func(t *testing.T) { examples(t, p) })
	t.Run("packer", func(t *testing.T) { packerSide(t, p) })
	t.Run("kills", func(t *testing.T) { kills(t, p) })
	t.Run("fleets", func(t *testing.T) { fleets(t, p) })
	t.Run("attack", func(t *testing.T) { attacks(t, p) })
	t.Run("line", func(t *testing.T) { line(t, p) })
}
