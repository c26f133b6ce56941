// SPDX-License-Identifier: BSD-3-Clause
// The command line: editing, history, completion.

package tui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// prompt is the command line at the bottom.
type prompt struct {
	open    bool
	search  bool // for text in the pane instead of a command
	input   textinput.Model
	history []string
	at      int    // of history; len(history): the line being typed
	typed   string // that line
	offers  []string
	offer   int // the one shown
}

func newPrompt() prompt {
	in := textinput.New()
	in.Prompt = ""
	in.CharLimit = 1000
	return prompt{input: in}
}

// start opens the prompt with a text.
func (p *prompt) start(text string, search bool) {
	p.open, p.search, p.at, p.offers = true, search, len(p.history), nil
	p.input.SetValue(text)
	p.input.CursorEnd()
	p.input.Focus()
}

func (p *prompt) close() {
	p.open, p.offers = false, nil
	p.input.Blur()
}

func (p *prompt) paste(text string) {
	first, _, _ := strings.Cut(text, "\n")
	whole, at := []rune(p.input.Value()), p.input.Position()
	p.input.SetValue(string(whole[:at]) + first + string(whole[at:]))
	p.input.SetCursor(at + len([]rune(first)))
}

// sign is what stands before the text.
func (p *prompt) sign() string {
	if p.search {
		return "/"
	}
	return ":"
}

// line is the prompt on a screen of a width. Of a long text the part with the cursor is shown.
func (p *prompt) line(w int) line {
	l := say(heading, p.sign()).add(plain, p.input.Value()).without(p.hidden(w))
	if len(p.offers) > 1 {
		l = l.add(faint, "   "+strings.Join(p.offers[p.offer:min(len(p.offers), p.offer+12)], " "))
	}
	return l
}

// hidden is how many columns of the text lie to the left of the screen.
func (p *prompt) hidden(w int) int { return max(0, p.position()-w+1) }

// position is where the cursor stands in the text, the sign before it included.
func (p *prompt) position() int {
	return 1 + textWidth(string([]rune(p.input.Value())[:p.input.Position()]))
}

// column is where the cursor stands on a screen of a width.
func (p *prompt) column(w int) int { return p.position() - p.hidden(w) }

// key takes a key; done says that the line is complete.
func (p *prompt) key(msg tea.KeyPressMsg, complete func(string) ([]string, int)) (text string, done bool) {
	switch msg.String() {
	case "enter":
		text = p.input.Value()
		if text != "" && !p.search && (len(p.history) == 0 || p.history[len(p.history)-1] != text) {
			p.history = append(p.history, text)
		}
		p.close()
		return text, true
	case "esc", "ctrl+c", "ctrl+g":
		p.close()
	case "up", "ctrl+p":
		p.recall(-1)
	case "down", "ctrl+n":
		p.recall(1)
	case "tab":
		p.complete(1, complete)
	case "shift+tab":
		p.complete(-1, complete)
	case "backspace":
		if p.input.Value() == "" {
			p.close()
			return "", false
		}
		fallthrough
	default:
		p.offers = nil
		p.input, _ = p.input.Update(msg)
	}
	return "", false
}

// recall moves in the history.
func (p *prompt) recall(d int) {
	to := p.at + d
	if to < 0 || to > len(p.history) {
		return
	}
	if p.at == len(p.history) {
		p.typed = p.input.Value()
	}
	p.at = to
	text := p.typed
	if to < len(p.history) {
		text = p.history[to]
	}
	p.input.SetValue(text)
	p.input.CursorEnd()
}

// complete completes the last word as far as it is certain, then offers what it may be, one after the other.
func (p *prompt) complete(d int, candidates func(string) ([]string, int)) {
	if p.search {
		return
	}
	text := p.input.Value()
	if len(p.offers) > 1 {
		last := p.offers[p.offer]
		p.offer = (p.offer + d + len(p.offers)) % len(p.offers)
		p.set(strings.TrimSuffix(text, last) + p.offers[p.offer])
		return
	}
	list, from := candidates(text)
	if len(list) == 0 {
		return
	}
	common := list[0]
	for _, w := range list[1:] {
		for !strings.HasPrefix(w, common) {
			common = common[:len(common)-1]
		}
	}
	switch {
	case len(list) == 1 && strings.HasSuffix(common, ":"): // a file: its line follows at once
		p.set(text[:from] + common)
	case len(list) == 1:
		p.set(text[:from] + common + " ")
	case len(common) > len(text)-from:
		p.set(text[:from] + common)
	default:
		p.offers, p.offer = list, 0
		p.set(text[:from] + list[0])
	}
}

func (p *prompt) set(text string) {
	p.input.SetValue(text)
	p.input.CursorEnd()
}
