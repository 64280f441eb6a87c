package main

import (
	"errors"
	"fmt"
	"strings"
)

// diagram is a source, read.
type diagram struct {
	lanes []lane
	steps []step
}

type lane struct{ id, name string }

// step is one row: a band when from is negative, a lane's own doing when from and to are equal, and an arrow otherwise.
type step struct {
	from, to int // positions in lanes
	text     string
}

func parse(source string) (*diagram, error) {
	d := &diagram{}
	for n, line := range strings.Split(source, "\n") {
		if err := d.statement(strings.TrimSpace(line)); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	if len(d.lanes) == 0 || len(d.steps) == 0 {
		return nil, errors.New("there is nothing to draw")
	}
	return d, nil
}

func (d *diagram) statement(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "" || strings.HasPrefix(line, "#"):
		return nil
	case word == "lane":
		id, name, ok := strings.Cut(rest, " ")
		if !ok || d.lane(id) >= 0 {
			return errors.New("a lane needs an id of its own, and a name")
		}
		d.lanes = append(d.lanes, lane{id, name})
		return nil
	case word == "band" && rest != "":
		d.steps = append(d.steps, step{from: -1, text: rest})
		return nil
	}
	who, text, ok := strings.Cut(line, ": ")
	if !ok || text == "" {
		return errors.New(`neither "lane", nor "band", nor "ID: TEXT"`)
	}
	from, to, arrow := strings.Cut(who, " -> ")
	if !arrow {
		to = from
	}
	s := step{d.lane(from), d.lane(to), text}
	if s.from < 0 || s.to < 0 {
		return fmt.Errorf("no lane has the id in %q", who)
	}
	d.steps = append(d.steps, s)
	return nil
}

// lane is the position of a lane, and -1 when there is none.
func (d *diagram) lane(id string) int {
	for n, l := range d.lanes {
		if l.id == id {
			return n
		}
	}
	return -1
}
