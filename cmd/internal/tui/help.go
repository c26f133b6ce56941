// SPDX-License-Identifier: BSD-3-Clause
// The help page: the keys by group, made from their table.

package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"
)

// helpPage is the page over the screen.
type helpPage struct {
	content []line
	top     int
	room    int // lines shown at the last drawing
}

func (m *Model) openHelp() tea.Cmd {
	m.help = &helpPage{content: helpLines()}
	return nil
}

// helpLines are the keys by group.
func helpLines() (out []line) {
	group := ""
	for _, b := range bindings() {
		if b.group != group {
			if group != "" {
				out = append(out, nil)
			}
			group = b.group
			out = append(out, say(heading, group))
		}
		text := b.help
		if b.command != "" {
			text += "  (:" + b.command + ")"
		}
		out = append(out, say(keyword, fmt.Sprintf("  %-12s", b.name())).add(plain, text))
	}
	out = append(out, nil, say(heading, "More views (:view NAME, [ and ] step through all)"))
	for _, v := range views() {
		if v.key == "" {
			out = append(out, say(keyword, fmt.Sprintf("  %-12s", v.name)).add(plain, v.about))
		}
	}
	out = append(out, nil, say(heading, "The mouse"),
		say(plain, "  Click a pane, a line, a view's name; the gutter of the code for a breakpoint; the timeline to travel."),
		nil, say(plain, "  :help lists the commands."))
	return out
}

// draw shows the page in a frame.
func (h *helpPage) draw(c *canvas) {
	w := min(c.w, 90)
	r := rect{(c.w - w) / 2, 1, w, c.h - 2}
	h.room = r.h - 2
	h.top = max(0, min(h.top, len(h.content)-h.room))
	for y := range r.h {
		c.fill(r.x, r.y+y, r.w, plain)
		c.set(r.x, r.y+y, c.theme.glyphs.vertical, rule)
		c.set(r.x+r.w-1, r.y+y, c.theme.glyphs.vertical, rule)
	}
	c.rule(r.x, r.y, r.w, say(focus, "keys: up and down scroll, any other key closes"))
	c.rule(r.x, r.y+r.h-1, r.w, nil)
	for y := range h.room {
		if i := h.top + y; i < len(h.content) {
			c.put(r.x+2, r.y+1+y, r.w-4, h.content[i])
		}
	}
}

func (h *helpPage) scroll(d int) { h.top = max(0, min(h.top+d, len(h.content)-h.room)) }

func (m *Model) helpKey(name string) {
	switch name {
	case "up", "k":
		m.help.scroll(-1)
	case "down", "j":
		m.help.scroll(1)
	case "pgup":
		m.help.scroll(-m.help.room)
	case "pgdown", "space":
		m.help.scroll(m.help.room)
	default:
		m.help = nil
	}
}
