package term

import (
	"fmt"
	"strings"
	"sync"

	"golang.org/x/term"
)

// A Screen is the whole of a terminal, for as long as it is taken over. What stood there
// is restored by Leave, and at the latest with the Terminal's Close. It is safe for
// concurrent use.
type Screen struct {
	t *Terminal

	mu    sync.Mutex
	found *term.State // the terminal's, before it was taken over; nil if it is not
	gone  bool        // it is not taken over any more
	drawn []string
	width int
}

// Screen returns the terminal's screen, or nil if there is no terminal.
func (t *Terminal) Screen() *Screen {
	if t == nil {
		return nil
	}
	t.screen = &Screen{t: t}
	return t.screen
}

// Sequences of xterm's and its kin: another screen without scrolling back, and no cursor.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[2J"
	leaveScreen = "\x1b[0m\x1b[?25h\x1b[?1049l"
)

// Enter takes the terminal over: keys are read one by one, and do not show.
func (s *Screen) Enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found != nil || s.gone {
		return nil
	}
	found, err := term.MakeRaw(int(s.t.in.Fd()))
	if err != nil {
		return fmt.Errorf("taking over the terminal: %w", err)
	}
	takeSequences(s.t.out)
	s.found, s.drawn = found, nil
	_, err = s.t.Write([]byte(enterScreen))
	return err
}

// Leave gives the terminal back as it was found.
func (s *Screen) Leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found != nil {
		s.t.Write([]byte(leaveScreen))
		term.Restore(int(s.t.in.Fd()), s.found)
		s.found = nil
	}
}

// end is Leave for good.
func (s *Screen) end() {
	s.Leave()
	s.mu.Lock()
	s.gone = true
	s.mu.Unlock()
}

// Read reads what was typed.
func (s *Screen) Read(b []byte) (int, error) { return s.t.in.Read(b) }

// Size returns how many columns and lines there are: 80 by 24 where the terminal does not
// say.
func (s *Screen) Size() (width, height int) {
	width, height, err := term.GetSize(int(s.t.out.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// Paint shows a text in a style, if the terminal has any.
func (s *Screen) Paint(style Style, text string) string { return Paint(s.t.out, style, text) }

// Draw shows lines, of so many columns at most as there are. It writes those alone that are
// others than before: each second, over any line.
func (s *Screen) Draw(lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found == nil {
		return
	}
	var out strings.Builder
	if width, _ := s.Size(); width != s.width || len(lines) != len(s.drawn) {
		s.width, s.drawn = width, make([]string, len(lines))
		out.WriteString("\x1b[2J")
	}
	for i, line := range lines {
		if line != s.drawn[i] {
			fmt.Fprintf(&out, "\x1b[%d;1H\x1b[2K%s", i+1, line)
		}
	}
	copy(s.drawn, lines)
	if out.Len() > 0 {
		s.t.Write([]byte(out.String()))
	}
}

// Notes are lines for a person that a program keeps until it has room to show them. As a
// Console's Err, they replace standard error.
type Notes chan string

// Write notes lines, as long as there is room.
func (n Notes) Write(b []byte) (int, error) {
	for line := range strings.Lines(string(b)) {
		select {
		case n <- strings.TrimRight(line, "\n"):
		default:
		}
	}
	return len(b), nil
}
