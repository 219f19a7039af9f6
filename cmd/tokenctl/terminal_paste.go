package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// pasteGap is how long a paste may pause after an empty line that is in it, and
// not its end.
const pasteGap = 400 * time.Millisecond

// paste reads lines, until Ctrl-D or an empty line that nothing follows: lists of
// codes have empty lines in them, and the rest would be taken for the next answer.
// It stops after max bytes and one line. What is typed shows: nobody could see
// otherwise whether the paste came through.
func (t *terminal) paste(question string, max int) ([]byte, error) {
	if t == nil {
		return nil, errNoTerminal
	}
	in, _, err := openConsole() // a handle of its own, which can be told to stop
	if err != nil {
		return nil, err
	}
	defer in.Close()
	mayPause := in.SetReadDeadline(time.Time{}) == nil
	if mayPause {
		fmt.Fprintf(t.out, "%s, and then an empty line:\n", question)
	} else {
		fmt.Fprintf(t.out, "%s, and then end-of-file (Ctrl-D, or Ctrl-Z and Enter on Windows):\n", question)
	}
	var text []byte
	for b := make([]byte, 4096); len(text) <= max; {
		if mayPause {
			in.SetReadDeadline(endOfPaste(text))
		}
		n, err := in.Read(b)
		text = append(text, b[:n]...)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) || err == io.EOF:
			return text, nil
		case err != nil:
			return nil, fmt.Errorf("reading from the terminal: %w", err)
		}
	}
	return text, nil
}

// endOfPaste returns when a paste is over if nothing more comes: never, unless it
// ends in an empty line.
func endOfPaste(text []byte) time.Time {
	lines, ended := bytes.CutSuffix(text, []byte("\n"))
	last := lines[bytes.LastIndexByte(lines, '\n')+1:]
	if ended && len(bytes.TrimSpace(last)) == 0 {
		return time.Now().Add(pasteGap)
	}
	return time.Time{}
}
