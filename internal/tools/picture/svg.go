package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// Sizes in pixels. Text is measured by a width that no letter of a sans-serif font exceeds on average.
const (
	laneWidth  = 230
	margin     = 20
	headHeight = 46
	lineHeight = 16
	letter     = 6.4
	padding    = 8
	gap        = 10 // between rows
)

// svg draws the diagram, row under row.
func (d *diagram) svg() []byte {
	var rows bytes.Buffer
	y := margin + headHeight + gap
	for _, s := range d.steps {
		y += d.row(&rows, s, y) + gap
	}
	height, width := y+margin, 2*margin+laneWidth*len(d.lanes)

	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%d" `+
		`font-family="sans-serif" font-size="12">`+"\n", width, height)
	out.WriteString(`<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" ` +
		`orient="auto"><path d="M0 0 8 4 0 8z" fill="#345"/></marker></defs>` + "\n")
	fmt.Fprintf(&out, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	for n, l := range d.lanes {
		x := center(n)
		fmt.Fprintf(&out, `<path d="M%d %dV%d" stroke="#bcc" stroke-dasharray="3 4"/>`+"\n", x, margin+headHeight, height-margin)
		box(&out, x-laneWidth/2+padding, margin, laneWidth-2*padding, headHeight, "#345", "")
		lines(&out, x, margin+headHeight/2, wrap(l.name, laneWidth-8*padding), `fill="#fff" font-weight="bold"`)
	}
	out.Write(rows.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func center(lane int) int { return margin + laneWidth*lane + laneWidth/2 }

// row draws one step with its top at y, and returns its height.
func (d *diagram) row(out *bytes.Buffer, s step, y int) int {
	switch {
	case s.from < 0:
		return d.band(out, s.text, y)
	case s.from == s.to:
		return own(out, s, y)
	}
	return arrow(out, s, y)
}

func (d *diagram) band(out *bytes.Buffer, text string, y int) int {
	width := laneWidth * len(d.lanes)
	words := wrap(text, width-2*padding)
	height := len(words)*lineHeight + padding
	box(out, margin, y, width, height, "#dde6ee", "")
	lines(out, margin+width/2, y+height/2, words, `font-weight="bold"`)
	return height
}

func own(out *bytes.Buffer, s step, y int) int {
	words := wrap(s.text, laneWidth-4*padding)
	height := len(words)*lineHeight + padding
	box(out, center(s.from)-laneWidth/2+padding, y, laneWidth-2*padding, height, "#fffbe8", "#caa")
	lines(out, center(s.from), y+height/2, words, "")
	return height
}

// arrow has its words above the line, between the two lanes or, for neighbours, as wide as both allow.
func arrow(out *bytes.Buffer, s step, y int) int {
	from, to := center(s.from), center(s.to)
	words := wrap(s.text, max(from-to, to-from)-2*padding)
	height := len(words)*lineHeight + padding
	middle := (from + to) / 2
	width := 0
	for _, w := range words {
		width = max(width, int(letter*float64(len([]rune(w)))))
	}
	box(out, middle-width/2-2, y, width+4, height-4, "#fff", "")
	lines(out, middle, y+(height-4)/2, words, "")
	fmt.Fprintf(out, `<path d="M%d %dH%d" stroke="#345" stroke-width="1.5" marker-end="url(#head)"/>`+"\n", from, y+height, to)
	return height + 2
}

func box(out *bytes.Buffer, x, y, width, height int, fill, stroke string) {
	if stroke != "" {
		stroke = ` stroke="` + stroke + `"`
	}
	fmt.Fprintf(out, `<rect x="%d" y="%d" width="%d" height="%d" rx="4" fill="%s"%s/>`+"\n", x, y, width, height, fill, stroke)
}

// lines writes words centred around a point.
func lines(out *bytes.Buffer, x, y int, words []string, style string) {
	if style != "" {
		style = " " + style
	}
	first := y - (len(words)-1)*lineHeight/2 + 4 // a letter's middle is above its line
	for n, w := range words {
		fmt.Fprintf(out, `<text x="%d" y="%d" text-anchor="middle"%s>`, x, first+n*lineHeight, style)
		_ = xml.EscapeText(out, []byte(w)) // a buffer takes everything
		out.WriteString("</text>\n")
	}
}

// wrap breaks a text into lines of at most width pixels. A longer word gets a line of its own.
func wrap(text string, width int) []string {
	var out []string
	line := ""
	for _, word := range strings.Fields(text) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && letter*float64(len([]rune(longer))) > float64(width) {
			out = append(out, line)
			longer = word
		}
		line = longer
	}
	return append(out, line)
}
